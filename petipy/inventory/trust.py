"""Secure boot, the kernel's lockdown, and TPMs."""

from collections.abc import Iterator
from functools import cache

from petipy import kexec, platforms
from petipy.inventory.files import list_names, read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    yield "Secure boot", _read_secure_boot(root) or "the firmware tells of none"
    yield "Lockdown", kexec.lockdown(root) or "not in this kernel"
    place = f"{root}/sys/class/tpm"
    tpms = [name for name in list_names(place) if name.startswith("tpm")]
    yield "TPM", ", ".join(_describe_tpm(f"{place}/{name}", name) for name in tpms) or "none"


def _describe_tpm(place: str, name: str) -> str:
    version = read_text(f"{place}/tpm_version_major")
    return f"{name} ({version}.{'2' if version == '1' else '0'})" if version else name


@cache  # it is the same until the next start, and a variable costs a call to the firmware
def _read_secure_boot(root: str) -> str:
    return platforms.find(root).read_secure_boot(root)
