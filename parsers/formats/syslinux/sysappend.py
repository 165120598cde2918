"""What SYSAPPEND (once IPAPPEND) adds to a command line, as core/sysappend.c of SYSLINUX has it."""

from collections.abc import Iterator

from parsers.api import Files
from parsers.binary import smbios
from parsers.binary.smbios import BOARD, SYSTEM
from parsers.places.lease import hardware

_KNOWN = 0x1 | 0x2 | 0x4 | 0x40000
_FIRMWARE = 0
# Bit → its name, the type of SMBIOS' structure, and where in that (core/dmi.c).
_TOLD = {
    0x10: ("SYSVENDOR", SYSTEM, 4),
    0x20: ("SYSPRODUCT", SYSTEM, 5),
    0x40: ("SYSVERSION", SYSTEM, 6),
    0x80: ("SYSSERIAL", SYSTEM, 7),
    0x100: ("SYSSKU", SYSTEM, 0x19),
    0x200: ("SYSFAMILY", SYSTEM, 0x1A),
    0x400: ("MBVENDOR", BOARD, 4),
    0x800: ("MBPRODUCT", BOARD, 5),
    0x1000: ("MBVERSION", BOARD, 6),
    0x2000: ("MBSERIAL", BOARD, 7),
    0x4000: ("MBASSET", BOARD, 8),
    0x8000: ("BIOSVENDOR", _FIRMWARE, 4),
    0x10000: ("BIOSVERSION", _FIRMWARE, 5),
}


def words(bits: int, files: Files) -> Iterator[str]:
    """Of the bits those that the machine can answer."""
    lease, table = files.host.lease, files.host.firmware.smbios
    if bits & 0x1 and lease.get("ip"):
        # In pxelinux the second is the host that the boot files come from.
        host = lease.get("siaddr") or lease.get("serverid", "")
        router = lease.get("router", "").split(" ")[0]
        yield f"ip={lease['ip']}:{host}:{router}:{lease.get('subnet', '')}"
    if bits & 0x2 and (address := hardware(lease)):
        yield f"BOOTIF={address}"
    if bits & 0x4 and (uuid := lease.get("uuid") or smbios.system_uuid(table)):
        yield f"SYSUUID={uuid.lower()}"
    for bit, (name, kind, place) in _TOLD.items():
        # One word, whatever is in it.
        if bits & bit and (text := "_".join(smbios.text(table, kind, place).split())):
            yield f"{name}={text}"
    if bits & 0x40000 and files.volume.uuid:
        yield f"FSUUID={files.volume.uuid}"


def unknown(bits: int, files: Files) -> int:
    """Those that cannot be answered here: the processor's features, and without SMBIOS all of its
    strings."""
    known = _KNOWN | (sum(_TOLD) if files.host.firmware.smbios else 0)
    return bits & ~known
