"""Use the menu on serial lines and on a screen."""

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from initramfs.disks import Names, bare, disk
from initramfs.host import run, tool
from tests.e2e import menu
from tests.e2e.cds import cd, live_files
from tests.e2e.conftest import Image, Install
from tests.e2e.console import Console
from tests.e2e.debian import Installation
from tests.e2e.installed import by_yaboot
from tests.e2e.target import System, wait_for_target
from tests.e2e.vm import Firmware, Machine, start
from tests.trees import lay

pytestmark = pytest.mark.e2e
FIRST_SCREEN = 1500  # bytes; at 9600 baud a second and a half
MOVE = 100
REDRAW = "\x0c"  # Ctrl-L


def cost(console: Console, *keys: str) -> int:
    """Return the number of bytes that the keys bring onto the line."""
    console.quiet(2)
    before = console.received
    console.press(*keys)
    console.quiet(2)
    return console.received - before


@pytest.mark.parametrize("firmware", ["slof", pytest.param("vof", marks=pytest.mark.slow)])
def test_an_entry_of_a_submenu_is_edited_and_booted_over_a_serial_line(
    firmware: Firmware,
    image: Image,
    chosen: System,
    older: System,
    install: Install,
    tmp_path: Path,
) -> None:
    debian = Installation([chosen, older], Names.new("root"), timeout=600)
    machine = Machine(drives=[("virtio", install(debian))], firmware=firmware)
    with start(image.machine(machine), tmp_path) as guest:
        console = guest.console
        console.expect(r"\d+ s until it boots", within=menu.START)
        before = console.received
        menu.enter(console, r"^> \* Debian GNU/Linux$")
        console.quiet(2)
        assert console.received - before <= FIRST_SCREEN
        assert 0 < cost(console, "down") <= MOVE
        assert console.listen(5) == 0

        menu.move_to(console, "Advanced options for Debian GNU/Linux")
        console.press("enter")
        menu.move_to(
            console, rf"Debian GNU/Linux, with Linux {re.escape(older.release)} \(recovery mode\)"
        )
        console.press("e")
        console.shows(rf"^\(vda2\)/boot/vmlinux-{re.escape(older.release)}", within=menu.SOON)
        console.press("end")
        console.type(" edited=here")
        console.shows(r"edited=here", within=menu.SOON)
        console.press("enter")
        expected = f"{debian.command_line(1, recovery=True)} edited=here"
        console.expect(rf"cmdline {re.escape(expected)}", within=menu.START)
        said = wait_for_target(console)
        assert said["kernel"] == older.release
        assert said["cmdline"] == f"[{expected}]"


def test_a_person_asks_what_the_machine_is_completes_a_path_and_switches_it_off(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    debian = Installation([chosen], Names.new("root"), timeout=600)
    machine = Machine(drives=[("virtio", install(debian))])
    with start(image.machine(machine), tmp_path) as guest:
        console = guest.console
        menu.enter(console, r"^> \* Debian GNU/Linux$")
        console.type("I")
        console.shows(r"^Model: +IBM pSeries \(emulated by qemu\)", within=menu.SOON)
        console.shows(r"^Platform: +pseries", within=menu.SOON)
        console.forget()
        console.type("w")
        console.expect(r"Processors:\r?\n  Model: POWER", within=menu.SOON)
        console.expect(r"  vda: [\d.]+ .B, virtio_blk", within=menu.SOON)
        console.expect(r"end of the report", within=menu.SOON)
        console.press("enter")
        console.shows(r"Petipy \S+ - System information", within=menu.SOON)
        console.press("esc")
        console.shows(menu.FOOTER, within=menu.SOON)

        console.press("e")
        console.shows(r"^Command line", within=menu.SOON)
        console.press("tab")
        console.type("\x15/boot/vmlinux-x")
        console.shows(r"/boot/vmlinux-x: there is no such file", within=menu.SOON)
        console.type("\x7f\t")
        console.shows(rf"^/boot/vmlinux-{re.escape(chosen.release)}$", within=menu.SOON)
        console.hides(r"no such file", within=menu.SOON)
        console.press("esc", "esc")
        console.shows(menu.FOOTER, within=menu.SOON)

        console.type("P")
        console.shows(r"^> Restart the machine", within=menu.SOON)
        console.press("down", "enter")
        console.shows(r"Switch the machine off now\?", within=menu.SOON)
        console.type("y")
        console.expect(r"A person at hvc0 wants it: the machine goes off", within=menu.SOON)
        guest.ends(within=60)


def test_an_entry_that_is_to_boot_once_does_and_nothing_else_is_written(
    image: Image, chosen: System, install: Install, tmp_path: Path
) -> None:
    """To look at an entry writes nothing; to boot it writes its environment block."""
    names = Names.new("root")
    once = f"gnulinux-advanced-{names.uuid}>gnulinux-{chosen.release}-recovery-{names.uuid}"
    debian = Installation([chosen], names, timeout=600, saved=f"next_entry={once}\nkept=yes\n")
    disk = install(debian)
    before = disk.read_bytes()
    machine = Machine(drives=[("virtio", disk)], keeps=True)
    with start(image.machine(machine), tmp_path) as guest:
        menu.enter(guest.console, r"^> \* Advanced options for Debian GNU/Linux ->$")
        guest.console.press("enter")
        guest.console.shows(r"^> \* .*\(recovery mode\)$", within=menu.SOON)
        guest.console.press("i")
        guest.console.shows(r"^When booted: .*grubenv.*next_entry=$", within=menu.SOON)
        assert disk.read_bytes() == before
        guest.console.press("enter")
        said = wait_for_target(guest.console)
        assert said["cmdline"] == f"[{debian.command_line(recovery=True)}]"
        assert said["grubenv"] == "[next_entry= kept=yes]"
        guest.ends(within=60)
    after = replace(debian, saved="next_entry=\nkept=yes\n").grubenv()
    assert disk.read_bytes() == before.replace(debian.grubenv().encode(), after.encode())


GUARDED = """\
set superusers="root"
export superusers
password_pbkdf2 root grub.pbkdf2.sha512.10000.{}.{}
"""


# The password "secret", hashed by crypt(3).
LOCKED = """\
LABEL locked
KERNEL /locked
MENU PASSWD $5$rounds=1234$ab$kch607eajq6uaT..5d9jHAs59trjFjGeIZlHBrCvJ60
"""

BESIDE = """\
LABEL beside
KERNEL /boot/vmlinux-{}
APPEND console=hvc0 init=/bin/sh
"""


def test_a_guarded_system_is_shut_before_it_is_read_and_then_for_its_password(
    image: Image, chosen: System, tmp_path: Path
) -> None:
    """Its grub.cfg guards the shell, another format on its disk, and another disk as well."""
    salt = b"0123456789abcdef" * 4
    made = hashlib.pbkdf2_hmac("sha512", b"toor", salt, 10000)
    guarded = GUARDED.format(salt.hex().upper(), made.hex().upper())
    debian = Installation([chosen], Names.new("root"), timeout=0, custom=guarded)
    beside = {"/extlinux/extlinux.conf": BESIDE.format(chosen.release)}
    tree = lay(tmp_path / "tree", {**debian.files(), **beside})
    whole = disk(tmp_path / "disk.img", tree, debian.names)
    files = {"extlinux/extlinux.conf": LOCKED, "locked": "no kernel"}
    other = bare(tmp_path / "other.img", lay(tmp_path / "other", files), Names.new())
    machine = Machine(drives=[("virtio", whole), ("virtio", other)])
    with start(image.machine(machine), tmp_path) as guest:
        console = guest.console
        guest.monitor.throttle(0, requests=50)
        console.expect("found vda2: ", within=menu.START)
        guest.monitor.throttle(0, requests=1)
        menu.enter(console, menu.FOOTER)
        console.press("x")
        console.shows(r"^A shell has to wait\.$", within=menu.SOON)
        console.shows(r"^vda2: still being looked at\.", within=menu.SOON)
        guest.monitor.throttle(0, requests=0)
        console.shows(r"^A shell needs a password\.$", within=menu.START)
        console.press("esc")
        menu.move_to(console, "beside")
        console.press("enter")
        console.shows(r"^beside needs a password\.$", within=menu.SOON)
        console.press("esc")
        menu.move_to(console, "locked")
        console.press("enter")
        console.shows(r"^locked needs a password\.$", within=menu.SOON)
        console.type("root\rwrong\r")
        console.shows(r"^Access denied", within=menu.SOON)
        console.type("toor\r")
        console.hides(r"^User$", within=menu.SOON)  # now for its own
        console.type("secret\r")
        console.shows(r"^locked did not boot: ", within=menu.SOON)
        menu.move_to(console, "Debian GNU/Linux$")
        console.press("enter")
        said = wait_for_target(console)
        assert said["cmdline"] == f"[{debian.command_line()}]"


FAT = """\
menuentry Off --hotkey o {
  set recordfail=1
  save_env recordfail
  halt
}
"""


def test_fat_is_written_to_in_place_and_the_machine_is_switched_off(
    image: Image, tmp_path: Path
) -> None:
    disk = tmp_path / "fat.img"
    disk.touch()
    os.truncate(disk, 16 << 20)
    run([tool("mkfs.vfat") or "mkfs.vfat", disk])
    block = Installation([], Names.new()).grubenv()
    machine = Machine(drives=[("virtio", disk)], keeps=True)
    with start(image.machine(machine, "petipy.timeout=never"), tmp_path) as guest:
        console = guest.console
        menu.enter(console, r"^Nothing to boot was found")
        # The menu has looked at the disk and so made it read-only.
        fat = "/run/fat"
        lines = " ".join(f"'{line}'" for line in FAT.splitlines())
        head, _, rest = block.partition("\n")
        padding = f"head -c {len(rest)} /dev/zero | tr '\\0' '#'"
        commands = (
            "blockdev --setrw /dev/vda",
            f"mkdir {fat}; mount -t vfat /dev/vda {fat} && mkdir {fat}/grub",
            f"printf '%s\\n' {lines} >{fat}/grub/grub.cfg",
            f"{{ echo '{head}'; {padding}; }} >{fat}/grub/grubenv",
            f"umount {fat}",
        )
        menu.shell(console, "; ".join(commands))
        console.press("r")
        console.shows(r"^> . Off \[o\]$", within=menu.START)
        before = disk.read_bytes()
        assert before.count(block.encode()) == 1
        console.type("o")
        console.expect("it switches the machine off", within=menu.SOON)
        guest.ends(within=60)
    after = Installation([], Names.new(), saved="recordfail=1\n").grubenv()
    assert disk.read_bytes() == before.replace(block.encode(), after.encode())


def test_disks_come_and_go_while_the_menu_is_up(
    image: Image, chosen: System, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """Two disks of different formats, and a stick that is plugged in and pulled again.

    The kernel's messages about it leave the screen whole and come to the log.
    """
    old = by_yaboot(chosen, Names.new("old"))
    stick = Names.new("stick")
    rescue = {"/boot/grub/grub.cfg": "menuentry 'Rescue stick' { linux /vmlinux quiet }\n"}
    plugged = bare(
        tmp_path / "stick.img", lay(tmp_path / "stick", {**rescue, "/vmlinux": "?"}), stick
    )
    machine = Machine(drives=[("virtio", install(debian)), ("vscsi", install(old))], usb=True)
    with start(image.machine(machine, "loglevel=7 petipy.timeout=never"), tmp_path) as guest:
        console = guest.console
        menu.enter(console, r"old .*missing")
        console.shows(r"label old", within=menu.START)
        console.shows(r"label root", within=menu.START)

        guest.monitor.plug(plugged, "usb-storage", id="stick", bus="usb.0")
        console.shows(r"Rescue stick", within=menu.START)
        console.quiet(3)
        before = console.rows
        console.type(REDRAW)
        console.quiet(3)
        assert console.rows == before
        console.type("lf")
        console.shows(r" kernel: sd .*Attached SCSI", within=menu.SOON)
        console.type("fq")
        console.shows(menu.FOOTER, within=menu.SOON)
        guest.monitor.pull("stick")
        console.hides(r"Rescue stick", within=menu.START)

        menu.move_to(console, "old")
        menu.move_to(console, "Linux$")
        console.press("enter")
        # The kernel writes by itself again.
        console.expect("Starting new kernel", within=menu.START)
        said = wait_for_target(console)
        assert said["cmdline"] == f"[{old.command_line()}]"
        assert said["root"] == f"sda2 ext4 [{old.names.uuid}]"


def test_two_consoles_are_served_by_one_process(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """Menu, log and shell on each console take less than 45 MB."""
    machine = Machine(drives=[("virtio", install(debian))], consoles=2)
    append = "petipy.timeout=600 petipy.consoles=hvc1"
    with start(image.machine(machine, append), tmp_path) as guest:
        first, second = guest.consoles
        for console in guest.consoles:
            console.expect(r"\d+ s until it boots", within=menu.START)
        menu.enter(second, r"^> \* Debian GNU/Linux")
        first.expect(r"Countdown stopped", within=menu.SOON)
        menu.enter(first, r"^> \* Debian GNU/Linux")

        processes = menu.memory(first)
        # A plain start imports more, and keeps docstrings.
        assert processes[0].resident < (65 if image.plain else 45), processes

        zones = menu.shell(first, "grep -E ' (high|batch): ' /proc/zoneinfo")
        most = {n: max(map(int, re.findall(rf"{n}: +(\d+)", zones))) for n in ("high", "batch")}
        assert 0 < most["high"] <= 4 * most["batch"], "a processor keeps many free pages"

        second.press("l")
        second.shows(r"^Events, the newest first", within=menu.SOON)
        second.shows(r"found vda2: .*label root", within=menu.SOON)
        second.press("esc")
        second.shows(r"^> \* Debian GNU/Linux", within=menu.SOON)
        second.press("enter")
        for console in guest.consoles:
            console.expect(r"Booting Debian GNU/Linux", within=menu.START)
            console.expect(r"cmdline BOOT_IMAGE=", within=menu.SOON)
        said = wait_for_target(first)
        assert said["cmdline"] == f"[{debian.command_line()}]"


def test_every_driver_of_the_image_can_be_loaded(image: Image, tmp_path: Path) -> None:
    """The build has bound their calls. A driver may complain: dmesg holds that, not the console."""
    command = (
        "dmesg -n 1; for f in $(find /usr/lib/modules -name '*.ko*'); do"
        " b=${f##*/}; modprobe ${b%%.ko*} || echo $b; done;"
        " dmesg | grep -E 'Unknown symbol|Unknown ADD|Exec format|Call Trace|Oops:'"
    )
    with start(image.machine(Machine(), "petipy.timeout=never"), tmp_path) as guest:
        menu.enter(guest.console, menu.FOOTER)
        assert menu.shell(guest.console, command) == ""
        assert int(menu.shell(guest.console, "lsmod | wc -l")) > 150
        # When memory is full, the shell and what it runs may be killed, and Petipy comes last.
        scores = "cat /proc/$$/oom_score_adj /proc/$PPID/oom_score_adj"
        assert menu.shell(guest.console, scores).split() == ["0", "-900"]


def test_a_live_system_in_a_file_is_a_device_and_finds_its_medium(
    image: Image, debian: Installation, chosen: System, tmp_path: Path
) -> None:
    """It stands below its disk in the menu and does not boot by itself."""
    medium = cd(tmp_path / "live.iso", lay(tmp_path / "live", live_files(chosen, "LIVE")), "LIVE")
    files = {**debian.files(), "/isos/live.iso": medium}
    whole = disk(tmp_path / "disk.img", lay(tmp_path / "tree", files), debian.names)
    with start(image.machine(Machine(drives=[("virtio", whole)])), tmp_path) as guest:
        console = guest.console
        menu.enter(console, r"^> \* Debian GNU/Linux$")
        console.shows(r"^vda2:/isos/live\.iso: \d+ MB iso9660, label LIVE", within=menu.SOON)
        menu.move_to(console, "Try or Install")
        console.press("enter")
        console.expect(r"kernel  \(vda2:/isos/live\.iso\)/casper/vmlinux", within=menu.START)
        said = wait_for_target(console)
        command = (
            "BOOT_IMAGE=/casper/vmlinux console=hvc0 iso-scan/filename=/isos/live.iso --- quiet"
        )
        assert said["cmdline"] == f"[{command}]"
        assert said["medium"] == "vda2 [LIVE]"
        guest.ends(within=60)
