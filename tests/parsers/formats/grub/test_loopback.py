"""A device made of a file that holds a file system."""

from parsers.api import FileRef
from tests.parsers.formats.grub.runs import DISKS, machine, offered, printed, problems

ISO = "sda2:/isos/x.iso"
LOOPS = """
set iso=/isos/x.iso
menuentry by-device { loopback loop $iso; linux (loop)/casper/vmlinuz find=$iso; initrd (loop)/i }
menuentry by-root { loopback l (hd0,gpt2)$iso; set root=l; linux /casper/vmlinuz; initrd /i }
menuentry not-mine { linux (loop)/casper/vmlinuz }
"""


def test_a_file_that_loopback_has_named_is_a_device() -> None:
    files = machine(LOOPS, {"/isos/x.iso": "…"}, {ISO: {"/casper/vmlinuz": ""}}, DISKS)
    first, second, third = offered(files)
    vmlinuz, initrd = FileRef(device=ISO, path="/casper/vmlinuz"), FileRef(device=ISO, path="/i")
    assert (first.kernel, first.initrds) == (second.kernel, second.initrds) == (vmlinuz, (initrd,))
    assert first.cmdline == "BOOT_IMAGE=(loop)/casper/vmlinuz find=/isos/x.iso"
    assert third.kernel == FileRef(device="loop", path="/casper/vmlinuz")


def test_a_configuration_in_a_file_is_run_and_finds_itself_first() -> None:
    script = """
menuentry iso {
 iso_path=/isos/x.iso
 export iso_path
 loopback loop $iso_path
 root=loop
 configfile /boot/grub/loopback.cfg
}
"""
    inner = """
search --set=here --file /.disk/info
search --set=medium --file $iso_path
menuentry Live { linux ($here)/vmlinuz iso-scan/filename=$iso_path in=$medium }
"""
    iso = {"/boot/grub/loopback.cfg": inner, "/.disk/info": "", "/vmlinuz": ""}
    files = machine(script, {"/isos/x.iso": "…"}, {ISO: iso, "sdc": {"/.disk/info": ""}}, DISKS)
    (live,) = offered(files)
    assert (live.title, live.trail) == ("Live", ("iso",))
    assert live.config == f"({ISO})/boot/grub/loopback.cfg"
    assert live.kernel == FileRef(device=ISO, path="/vmlinuz")
    assert live.cmdline.endswith("iso-scan/filename=/isos/x.iso in=hd0,gpt2")


def test_a_file_that_is_not_there_is_waited_for() -> None:
    entry = "menuentry a { loopback loop (hd0,gpt3)/x.iso; linux (loop)/vmlinuz }"
    (waiting,) = offered(machine(entry, volumes=DISKS))
    assert waiting.waits_for == "the file (hd0,gpt3)/x.iso"
    assert problems(machine("loopback loop /x.iso")) == [(1, "file `/x.iso' not found")]


def test_a_loop_device_keeps_its_name_until_it_is_taken_away() -> None:
    script = """
loopback -d loop; echo $?
loopback loop /one; loopback loop /two; echo $?; test -f (loop)/in1; echo $?
loopback --delete loop; loopback loop /two; test -f (loop)/in2; echo $?
loopback; loopback loop
"""
    inner = {"sda1:/one": {"/in1": ""}, "sda1:/two": {"/in2": ""}}
    files = machine(script, {"/one": "", "/two": ""}, inner)
    said = printed(files).splitlines()
    assert said == [
        "error: device not found.",
        "13",
        "error: device name already exists.",
        *("18", "0", "0"),
        "error: device name required.",
        "error: filename expected.",
    ]


def iso9660(label: str) -> bytes:
    """Return the beginning of a disc's image with a volume descriptor."""
    block = bytearray(b"\x01CD001".ljust(2048, b"\0"))
    block[40:72] = label.encode().ljust(32)
    block[813:829] = b"2024050112000000"
    return bytes(0x8000) + block


def test_an_image_is_probed_and_searched_as_any_other_device() -> None:
    script = """
loopback loop /isos/x.iso
probe --set=a --label (loop); probe --set=b --fs-uuid (loop); probe -s c -f loop
search --set=d --label LIVE_1; search --set=e --fs-uuid 2024-05-01-12-00-00-00
echo $a $b $c $d $e
loopback -d loop; search --label LIVE_1
loopback raw /isos/raw; probe --label (raw)
"""
    images = {"/isos/x.iso": iso9660("LIVE_1"), "/isos/raw": b"no file system"}
    assert printed(machine(script, images, {ISO: {}}, DISKS)).splitlines() == [
        "LIVE_1 2024-05-01-12-00-00-00 iso9660 loop loop",
        "error: no such device: LIVE_1.",
        "error: unknown filesystem.",
    ]


def test_the_label_of_an_image_reaches_the_command_line() -> None:
    script = """
menuentry Live {
 loopback loop /isos/x.iso
 probe --label --set=cd_label (loop)
 linux (loop)/vmlinuz root=live:CDLABEL=$cd_label iso-scan/filename=/isos/x.iso
}
"""
    (live,) = offered(machine(script, {"/isos/x.iso": iso9660("A-1")}, {ISO: {}}, DISKS))
    assert "root=live:CDLABEL=A-1 " in live.cmdline
    assert live.kernel == FileRef(device=ISO, path="/vmlinuz")


def test_a_partition_in_an_image_is_no_other_disks() -> None:
    script = "menuentry a { loopback loop /isos/x.iso; linux (loop,gpt2)/vmlinuz }"
    (entry,) = offered(machine(script, {"/isos/x.iso": "…"}, {ISO: {}}, DISKS))
    assert entry.kernel == FileRef(device="loop,gpt2", path="/vmlinuz")
