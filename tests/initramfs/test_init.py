"""The image's first process: petipy starts again for ever, and a shell comes by a setting only."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from initramfs.host import REPOSITORY
from tests.trees import lay

INIT = REPOSITORY / "initramfs/files/init"
PLACE = re.compile(r"(?<![\w.#])(/(?:proc|dev|etc|run|usr/lib)/(?!null))")
# Programs that only say that they ran. `petipy` lives as long as the next line of `lives` says.
PROGRAMS = {
    "mount": "",
    "udevadm": 'echo "udevadm $*" >>"$ROOT/events"',
    "setsid": 'echo "shell $*" >>"$ROOT/log"',
    "petipy": """\
read -r now rest <"$ROOT/proc/uptime"
read -r life <"$ROOT/lives"
sed -i 1d "$ROOT/lives"
now=$((${now%.*} + life))
echo "$now.00 0.00" >"$ROOT/proc/uptime"
echo 1 >"$ROOT/proc/sys/kernel/printk" # killed with a menu on the screen
exit 3""",
    "sleep": """\
case $1 in 0.*) echo "pause" >>"$ROOT/events"; exec mv "$ROOT/soon" "$ROOT/proc/net/netlink" ;; esac
echo "sleep $1" >>"$ROOT/log"
[ -s "$ROOT/lives" ] || kill -KILL $PPID""",
}


@dataclass
class Machine:
    """Files and programs in whose place the image has its own."""

    root: Path

    def add_udevd(self) -> None:
        """Add a udevd that starts as a daemon and makes no socket."""
        udevd = self.root / "usr/lib/systemd/systemd-udevd"
        udevd.parent.mkdir(parents=True)
        udevd.write_text("#!/bin/sh\n")
        udevd.chmod(0o755)

    def run(self, lives: list[int], cmdline: str = "quiet", toml: str = "") -> list[str]:
        """Run init. Return its pauses and shells, and what it told the kernel's consoles."""
        for name in ("proc/sys/kernel", "dev", "etc", "run", "bin"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name, text in PROGRAMS.items():
            (self.root / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (self.root / "bin" / name).chmod(0o755)
        files = {
            "proc/uptime": "5.00 1.00\n",
            "proc/cmdline": f"{cmdline}\n",
            "proc/sys/kernel/sysrq": "438\n",
            "proc/sys/kernel/printk": "4 4 1 7\n",
            "dev/console": "",
            "dev/hvc1": "",
            "lives": "".join(f"{life}\n" for life in lives),
            "log": "",
        } | ({"etc/petipy.toml": toml} if toml else {})
        for name, text in files.items():
            (self.root / name).write_text(text)
        script = INIT.read_text().replace("PATH=/usr/bin:/usr/sbin", 'PATH="$ROOT/bin:$PATH"')
        script = PLACE.sub(r"$ROOT\1", script).replace(">$ROOT/dev/kmsg", '>>"$ROOT/log"')
        environment = {"ROOT": str(self.root), "PATH": "/usr/bin:/bin"}
        subprocess.run(["sh", "-c", script], env=environment, check=False, capture_output=True)
        return (self.root / "log").read_text().splitlines()

    def read(self, name: str) -> str:
        return (self.root / name).read_text().strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_petipy_starts_again_for_ever_with_growing_pauses_and_no_shell(machine: Machine) -> None:
    said = machine.run([1] * 9)
    pauses = [line for line in said if line.startswith("sleep")]
    assert pauses == [f"sleep {seconds}" for seconds in (1, 2, 4, 8, 16, 32, 64, 64, 64)]
    assert said[0] == "<2>petipy ended with status 3; it starts again in 1 s"
    assert not any("shell" in line for line in said)


def test_after_a_long_life_the_pauses_are_short_again(machine: Machine) -> None:
    said = machine.run([1, 1, 1, 60, 1])
    pauses = [line for line in said if line.startswith("sleep")]
    assert pauses == ["sleep 1", "sleep 2", "sleep 4", "sleep 1", "sleep 2"]


ON = [
    ("quiet petipy.rescue", ""),
    ("petipy.rescue=1 a=*", ""),
    ("quiet", "timeout = 5\nrescue = true\n"),
    ("petipy.rescue=1", "rescue = false\n"),
]
OFF = [
    ("petipy.rescue=0", ""),
    ("petipy.rescue=no", ""),
    ("petipy.rescue=1 petipy.rescue=0", ""),
    ("quiet", "# rescue = true\n"),
    ("quiet", "rescue = false # true or 1\n"),
    ("petipy.rescue=0", "rescue = true\n"),
    ("xpetipy.rescue=1", "rescued = true\n"),
]


@pytest.mark.parametrize(("cmdline", "toml"), ON)
def test_the_setting_opens_a_shell_after_the_fifth_end(
    cmdline: str, toml: str, machine: Machine
) -> None:
    said = machine.run([1] * 6, cmdline, toml)
    assert said[8].startswith("<2>petipy ended 5 times, at last with status 3. This is a shell;")
    assert said[9] == "shell -c sh"
    assert said[11] == "sleep 1"


@pytest.mark.parametrize(("cmdline", "toml"), OFF)
def test_without_the_setting_there_is_no_shell(cmdline: str, toml: str, machine: Machine) -> None:
    assert not any("shell" in line for line in machine.run([1] * 7, cmdline, toml))


def test_consoles_that_only_petipy_has_are_told_as_well(machine: Machine) -> None:
    machine.run([1], "petipy.consoles=/dev/hvc7,hvc1 quiet")
    for _ in range(6000):  # a process of its own writes there
        if machine.read("dev/hvc1"):
            break
        time.sleep(0.01)
    said = machine.read("dev/hvc1")
    assert said == "\x1b[m\x1b[Jpetipy ended with status 3; it starts again in 1 s"


@pytest.mark.parametrize(
    ("cmdline", "value"),
    [("quiet", "0"), ("sysctl.kernel.sysrq=1", "438"), ("sysctl.kernel/sysrq=1", "438")],
)
def test_sysrq_is_off_unless_the_owner_sets_it(cmdline: str, value: str, machine: Machine) -> None:
    machine.run([1], cmdline)
    assert machine.read("proc/sys/kernel/sysrq") == value


NETLINK = """\
sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000ab9876cc 10  0          00000001 0        0        0     2        0        263
000000002178d4e3 15  0          00000000 0        0        0     2        0        19
000000006e2e174c 15  99         00000002 0        0        0     2        0        494
"""  # the last row is a program that waits for what udevd has handled
UDEVD = "000000001294b95e 15  150        00000001 0        0        0     2        0        787\n"
COLDPLUG = [f"udevadm trigger --type={kind} --action=add" for kind in ("subsystems", "devices")]


@pytest.mark.parametrize(
    ("at_once", "later", "events"),
    [(NETLINK, NETLINK + UDEVD, ["pause", *COLDPLUG]), (NETLINK + UDEVD, "", COLDPLUG)],
    ids=["later", "at once"],
)
def test_events_are_asked_for_when_udevd_listens(
    at_once: str, later: str, events: list[str], machine: Machine
) -> None:
    machine.add_udevd()
    lay(machine.root, {"proc/net/netlink": at_once.encode(), "soon": later.encode()})
    machine.run([1])
    assert machine.read("events").splitlines() == events
    assert (machine.root / "run/coldplug").exists()


def test_the_end_of_petipy_is_printed_even_if_it_has_lowered_the_consoles_level(
    machine: Machine,
) -> None:
    machine.run([1])
    assert machine.read("proc/sys/kernel/printk") == "4"
