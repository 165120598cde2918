"""A real udevd, in a mount and network namespace of its own, sees a disk come, change and go."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.root import disks

UDEVD = Path("/usr/lib/systemd/systemd-udevd")

WATCH = """
import asyncio
from petipy.log import Log
from petipy.sources import disks
from petipy.sources.source import Arrived, Left

async def main():
    async for event in disks.watch(Log(files=())):
        match event:
            case Arrived(source):
                label = source.device.volume.label if source.device else ""
                print("+", source.name, label, flush=True)
            case Left(name):
                print("-", name, "", flush=True)
            case _:
                print("settled", "", "", flush=True)

asyncio.run(main())
"""

# A private /run, so that the host's udev, if it has one, is left alone.
SCRIPT = """
mount -t tmpfs none /run && mkdir /run/udev
"$1" &
until awk '$2 == 15 && $4 ~ /[13579bdf]$/ { found = 1 } END { exit !found }' /proc/net/netlink; do
	sleep 0.02 # udevd has no socket for the kernel's events yet
done
for uevent in /sys/class/block/*/uevent; do echo add >"$uevent"; done
: >/run/coldplug
"$2" -c "$3"
"""


@pytest.mark.skipif(not UDEVD.exists(), reason="no systemd-udevd here")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here")
def test_disks_come_and_go(tmp_path: Path, tree: Path) -> None:
    pytest.importorskip("pyudev")
    image = disks.ext4(tmp_path / "image", tree)
    # All of it ends with unshare, which is the only process that we know.
    alone = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    argv = [*alone, "sh", "-c", SCRIPT, "sh", str(UDEVD), sys.executable, WATCH]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=Path.cwd()
    ) as watcher:
        assert watcher.stdout
        try:
            while watcher.stdout.readline() != "settled  \n":
                assert watcher.poll() is None
            with disks.attached(image) as node:
                name = Path(node).name
                assert watcher.stdout.readline() == f"+ {name} root\n"
            while (line := watcher.stdout.readline()) != f"- {name} \n":
                assert line == f"+ {name} root\n"
        finally:
            watcher.kill()  # unshare ignores SIGTERM
