"""What SYSAPPEND (once IPAPPEND) adds to a command line, as core/sysappend.c of SYSLINUX has it."""

from collections.abc import Iterator

from parsers.api import Files
from parsers.lease import hardware

_KNOWN = 0x1 | 0x2 | 0x4 | 0x40000


def words(bits: int, files: Files) -> Iterator[str]:
    """Of the bits those that the machine can answer; the rest are the BIOS's tables."""
    lease = files.lease
    if bits & 0x1 and lease.get("ip"):
        # In pxelinux the second is the host that the boot files come from.
        host = lease.get("siaddr") or lease.get("serverid", "")
        router = lease.get("router", "").split(" ")[0]
        yield f"ip={lease['ip']}:{host}:{router}:{lease.get('subnet', '')}"
    if bits & 0x2 and (address := hardware(lease)):
        yield f"BOOTIF={address}"
    if bits & 0x4 and lease.get("uuid"):
        yield f"SYSUUID={lease['uuid'].lower()}"
    if bits & 0x40000 and files.volume.uuid:
        yield f"FSUUID={files.volume.uuid}"


def unknown(bits: int) -> int:
    return bits & ~_KNOWN
