"""A boot partition of FAT with unified images: Petipy's own, and one that counts its tries."""

from pathlib import Path

import pytest

from tests.e2e import fat, menu, writes
from tests.e2e.conftest import Image
from tests.e2e.target import BOOT, System, wait_for_target
from tests.e2e.vm import Machine, start
from tests.efi import program
from tests.trees import Content

pytestmark = pytest.mark.e2e
PLACE = "/EFI/Linux"
CMDLINE = "console=hvc0 quiet"


def unified(id: str, cmdline: str, kernel: Path, initrd: Path) -> bytes:
    sections = [
        (".osrel", f"ID={id}\nPRETTY_NAME={id.title()}\n".encode()),
        (".cmdline", cmdline.encode()),
        (".linux", kernel.read_bytes()),
        (".initrd", initrd.read_bytes()),
    ]
    return program(sections, "none of EFI's")


# A power cut has left an empty file, or the directory's cluster is full.
LEFT = {f"{PLACE}/debian+2-1.efi": b""}
FULL = {f"{PLACE}/file{number:02}": b"" for number in range(61)}


@pytest.mark.parametrize(
    "others", [LEFT, pytest.param(FULL, marks=pytest.mark.slow)], ids=["left", "full"]
)
def test_petipy_does_not_start_itself_and_a_power_cut_loses_no_name(
    others: dict[str, bytes], image: Image, chosen: System, tmp_path: Path
) -> None:
    own = unified("petipy", f"{CMDLINE} petipy.timeout=0", image.kernel, image.initrd)
    debian = unified("debian", CMDLINE, chosen.kernel, chosen.initrd)
    files: dict[str, Content] = {
        f"{PLACE}/debian+3.efi": debian,
        f"{PLACE}/petipy.efi": own,
        **others,
        "/loader/loader.conf": "default petipy*\n",
    }
    disk, log = fat.make(tmp_path / "esp.img", files, 200), tmp_path / "writes"
    before = disk.read_bytes()
    log.touch()
    machine = Machine(drives=[("virtio", disk)], writes=log)
    with start(image.machine(machine, "petipy.timeout=600"), tmp_path) as guest:
        console = guest.console
        # The default of the configuration is Petipy; a person may start that.
        menu.enter(console, r"^> \* Debian \(debian\)$")
        menu.move_to(console, r"Petipy \(petipy\) \(Petipy itself\)$")
        console.press("enter")
        console.expect(r"this Petipy was started by Petipy", within=BOOT)
        console.expect(r"does not boot: it is Petipy, which started this one", within=BOOT)
        assert wait_for_target(console)["cmdline"] == f"[{CMDLINE}]"
        guest.ends(within=60)
    old, new = "debian+3.efi", "debian+2-1.efi"
    whole, other = (fat.Fat(bytearray(before)).list(PLACE)[name] for name in (old, "petipy.efi"))
    states: list[list[str]] = []
    for state in writes.cut(before, writes.read(log)):
        found = fat.Fat(state).list(PLACE)
        states.append([name for name in (old, new) if found.get(name) == whole])
        assert states[-1], f"after {len(states) - 1} sectors neither name leads to the file"
        assert found["petipy.efi"] == other
    assert (states[0], states[-1]) == ([old], [new])
    assert new in found
    assert old not in found
    assert fat.Fat(state).file(whole) == debian
