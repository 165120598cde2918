"""A real GRUB that runs scripts: Debian's grub-emu, on two disks that are files."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parsers.api import Files, Volume
from tests.fakes import Machine

GRUB = "grub-emu"
TOOLS = (GRUB, "mke2fs", "debugfs", "sfdisk")
_MEGABYTE = 1 << 20
_CONFIG = "/boot/grub/grub.cfg"
_HEAD = "root=hd0,gpt1\nprefix=(hd0,gpt1)/boot/grub\n"

_ENV = "# GRUB Environment Block\na=env a\nb=2\n"
_FILES: dict[str, dict[str, str]] = {
    "sda1": {
        "/boot/grub/grub.cfg": "",
        "/inc.cfg": "echo in inc $# $1 $x\n",
        "/set.cfg": "x=cfg\nexport y\necho $v $y\n",
        "/ret.cfg": "x=cfg\necho inc2\nreturn 3\necho on\n",
        "/broken.cfg": "echo begin\nif true; then (\necho in\nfi\necho end\n",
        "/env": _ENV.ljust(900, "#"),
        "/badenv": "bad\n",
        "/empty": "",
        "/dir/a1": "",
        "/dir/a2": "",
        "/dir/sub/x": "",
    },
    "sda2": {"/dir/b": "echo on gpt2\n"},
    "sda3": {"/only": ""},
    "sdb": {"/dir/w": ""},
}
_VOLUMES = [
    Volume(
        name=f"sda{number}",
        uuid=f"{str(number) * 8}-1111-1111-1111-11111111abcd",
        partuuid=f"{str(number) * 8}-2222-2222-2222-22222222abcd",
        label=label,
        fs="ext2",
        disk="sda",
        partition=number,
        scheme="gpt",
    )
    for number, label in enumerate(("ONE", "TWIN", "THREE"), 1)
]
_VOLUMES += [
    Volume(name="sda", disk="sda", scheme="gpt"),
    Volume(
        name="sdb",
        uuid="44444444-4444-4444-4444-444444444444",
        label="TWIN",
        fs="ext2",
        disk="sdb",
    ),
]


def is_here() -> bool:
    return all(shutil.which(tool, path=f"{os.environ['PATH']}:/sbin:/usr/sbin") for tool in TOOLS)


def files(script: str) -> Files:
    """Return the same machine as the parsers see it."""
    trees: dict[str, Mapping[str, str | bytes]] = {**_FILES}
    trees["sda1"] = {**trees["sda1"], _CONFIG: _HEAD + script}
    return Machine(trees, volumes=_VOLUMES, machine="x86_64").files("sda1")


@dataclass
class Emulator:
    """An emulator. `room` is a directory for its disks. It runs one script at a time."""

    room: Path

    def __post_init__(self) -> None:
        disks = self.room / "hd0", self.room / "hd1"
        for disk, size in zip(disks, (5, 1), strict=True):
            with disk.open("wb") as file:
                file.truncate(size * _MEGABYTE)
        table = "label: gpt\n" + "".join(
            f"start={2048 * v.partition},size=2048,uuid={v.partuuid}\n"
            for v in _VOLUMES
            if v.partition
        )
        _run("sfdisk", "-q", str(disks[0]), input=table)
        for volume in _VOLUMES:
            if volume.fs:
                self._format(volume, disks[volume.disk == "sdb"])
        (self.room / "map").write_text(f"(hd0) {disks[0]}\n(hd1) {disks[1]}\n")

    def _format(self, volume: Volume, disk: Path) -> None:
        root = self.room / volume.name
        for name, text in _FILES[volume.name].items():
            (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / name[1:]).write_text(text)
        one = self.room / "one"
        one.unlink(missing_ok=True)
        _run(
            "mke2fs", "-q", "-t", "ext2", "-L", volume.label, "-U", volume.uuid,
            "-d", str(root), str(one), "1M",
        )  # fmt: skip
        _run("debugfs", "-w", "-R", "rmdir lost+found", str(one))
        with disk.open("r+b") as file:
            file.seek(volume.partition * _MEGABYTE)
            file.write(one.read_bytes())

    def printed(self, script: str, seconds: float = 30, end: str = "halt") -> str | None:
        """Return all that a script prints until it halts; None if it does not halt.

        `end` runs after the script. If it is empty, a menu that the script has made is shown.
        """
        # In a file of its own, so that an unclosed quote or block ends with the file.
        (self.room / "script.cfg").write_text(script)
        (self.room / "grub.cfg").write_text(f"{_HEAD}source (host){self.room}/script.cfg\n{end}\n")
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8")
            # Wide enough for every line.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 5000, 0, 0))
            argv = [GRUB, "-d", str(self.room), "-m", str(self.room / "map")]
            try:
                os.execvp(GRUB, argv)
            finally:
                os._exit(127)
        try:
            output = _all(terminal, time.monotonic() + seconds)
        finally:
            os.close(terminal)
            os.kill(child, 9)
            os.waitpid(child, 0)
        return None if output is None else _plain(output)


def _all(terminal: int, until: float) -> bytes | None:
    output = b""
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                output += os.read(terminal, 1 << 16)
            except OSError:  # its last process has ended
                return output
    return None


def _plain(output: bytes) -> str:
    text = output.decode(errors="replace").partition("Welcome to GRUB!\r\n\r\r\n\r")[2]
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    text = re.sub(r" {6}\[ [^\]\n]*% [^\]\n]* \]", "", text)  # the place up to which a file is read
    return text.replace("\r", "")


def _run(*argv: str, input: str = "") -> None:
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"}
    subprocess.run(argv, input=input.encode(), capture_output=True, check=True, timeout=60, env=env)
