"""SYSAPPEND (formerly IPAPPEND): words for the command line, after SYSLINUX's core/sysappend.c."""

from collections.abc import Iterator

from parsers.api import Files
from parsers.binary import smbios
from parsers.binary.smbios import BOARD, SYSTEM
from parsers.places.lease import hardware

_KNOWN = 0x1 | 0x2 | 0x4 | 0x40000
_FIRMWARE = 0
# Bit → name, type of SMBIOS's structure, and place of the string's number there (core/dmi.c).
_STRINGS = {
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


def sysappend_words(bits: int, files: Files) -> Iterator[str]:
    """Yield the words for those bits whose value the machine knows."""
    lease, table = files.host.lease, files.host.firmware.smbios
    if bits & 0x1 and lease.get("ip"):
        # The second part is the host of the boot files, as in PXELINUX.
        host = lease.get("siaddr") or lease.get("serverid", "")
        router = lease.get("router", "").split(" ")[0]
        yield f"ip={lease['ip']}:{host}:{router}:{lease.get('subnet', '')}"
    if bits & 0x2 and (address := hardware(lease)):
        yield f"BOOTIF={address}"
    if bits & 0x4 and (uuid := lease.get("uuid") or smbios.system_uuid(table)):
        yield f"SYSUUID={uuid.lower()}"
    for bit, (name, kind, place) in _STRINGS.items():
        # Blanks become underscores: it is one word.
        if bits & bit and (text := "_".join(smbios.text(table, kind, place).split())):
            yield f"{name}={text}"
    if bits & 0x40000 and files.volume.uuid:
        yield f"FSUUID={files.volume.uuid}"


def unknown_bits(bits: int, files: Files) -> int:
    """Return the bits without a value here: the processor's features, and SMBIOS's if missing."""
    known = _KNOWN | (sum(_STRINGS) if files.host.firmware.smbios else 0)
    return bits & ~known
