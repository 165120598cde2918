"""Count the work of a guest with 1, 8 and 64 disks, each with a menu of one entry.

QEMU counts the guest's instructions, and the guest's clock follows them: an idle guest's too, so
the seconds are those of a processor with a thousand million instructions in each.
"""

import re
import tempfile
from pathlib import Path

from initramfs.disks import Names, bare
from tests.bench.images import Image
from tests.e2e import menu
from tests.e2e.console import Console
from tests.e2e.vm import Machine, start
from tests.trees import lay

COUNTS = (1, 8, 64)
APPEND = "console=hvc0 quiet cryptomgr.notests petipy.timeout=never"
CONFIG = "menuentry Linux {\n linux /vmlinux\n initrd /initrd\n}\n"
FILES = {"boot/grub/grub.cfg": CONFIG, "vmlinux": "a kernel", "initrd": "an initrd"}


def seconds(image: Image, count: int) -> float:
    """Return the guest's seconds from the start of Petipy until it has found every disk."""
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as place:
        room = Path(place)
        tree = lay(room / "tree", FILES)
        disks = [bare(room / f"disk{n}.img", tree, Names.new(f"disk{n}")) for n in range(count)]
        machine = Machine(
            kernel=image.kernel,
            initrd=image.initrd,
            append=APPEND,
            drives=[("virtio-scsi", disk) for disk in disks],
            record=room / "record",
        )
        with start(machine, room) as guest:
            menu.enter(guest.console)
            return read(wait(guest.console, count))


def wait(console: Console, count: int) -> str:
    """Return the lines of Petipy's log about its start and each disk, once all are there."""
    there = f"$(grep -c 'found sd' /run/petipy/log) -ge {count}"
    command = f"until [ {there} ]; do sleep 1; done; head -1 /run/petipy/log;"
    return menu.shell(console, f"{command} grep 'found sd' /run/petipy/log")


def read(said: str) -> float:
    times = [float(time) for time in re.findall(r"^ *(\d+\.\d+) info: ", said, re.M)]
    return times[-1] - times[0]
