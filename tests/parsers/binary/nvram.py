"""Images of NVRAM, and a device that loses power in the middle of a write."""

from collections.abc import Iterable, Iterator, Sequence

from parsers.binary.nvram import (
    FREE,
    SYSTEM,
    Partition,
    Write,
    make_header,
    plan_change,
    read_list,
    walk,
)

SIZE = 1 << 16
FIRMWARE, LINUX = 0x51, 0xA0
# SLOF 20220719 writes this into a blank one; seen in QEMU 7.2.
SLOFS = (
    *("load-base=16384", "real-mode?=true", "direct-serial?=false", "use-nvramrc?=false"),
    *("selftest-#megs=0", "security-password=", "security-mode=0", "security-#badlogins=0"),
    *("screen-#rows=512", "screen-#columns=512", "output-device=", "oem-logo?=false", "oem-logo="),
    *("oem-banner?=false", "oem-banner=", "nvramrc=", "input-device=", "fcode-debug?=true"),
    *("diag-switch?=false", "diag-file=", "diag-device=", "boot-command=boot", "boot-file="),
    *("boot-device=", "auto-boot?=true"),
)
Part = tuple[int, str, int, Sequence[str]]  # kind, name, size, entries


def make(*parts: Part, size: int = SIZE) -> bytes:
    """Return an image with these partitions; zeros follow them."""
    image = b""
    for kind, name, length, entries in parts:
        data = b"".join(f"{entry}\0".encode() for entry in entries)
        image += (make_header(kind, length, name) + data).ljust(length, b"\0")
    return image.ljust(size, b"\0")


def slof(*entries: str) -> bytes:
    return make(
        (FIRMWARE, "ibm,CPU0log", 0x2000, ["log"]),
        (FIRMWARE, "ibm,CPU1log", 0x800, []),
        (SYSTEM, "common", 0x1000, (*SLOFS, *entries)),
        (FREE, "free space", SIZE - 0x3800, []),
    )


def skiboot(*entries: str) -> bytes:
    """Return what skiboot and Linux make on OpenPOWER, with a part of its size."""
    return make(
        (FIRMWARE, "ibm,skiboot", 0x1000, []),
        (SYSTEM, "common", 0x8000, entries),
        (LINUX, "lnx,oops-log", 0x1000, ["oops"]),
        (FREE, "w" * 12, SIZE - 0xA000, []),
    )


def prom_env(*entries: str) -> bytes:
    """Return what QEMU's option -prom-env makes."""
    return make((SYSTEM, "system", 0x1000, entries), (FREE, "", SIZE - 0x1000, []))


BLANK = bytes(SIZE)


class Device:
    """An NVRAM."""

    def __init__(self, image: bytes) -> None:
        self.image = bytearray(image)

    def read(self, at: int, count: int) -> bytes:
        return bytes(self.image[at : at + count])

    def write(self, writes: Iterable[Write]) -> None:
        for at, data in writes:
            self.image[at : at + len(data)] = data

    def plan(self, name: str, value: str | None) -> Sequence[Write]:
        return plan_change(self.read, len(self.image), name, value)

    def change(self, name: str, value: str | None) -> None:
        self.write(self.plan(name, value))

    @property
    def partitions(self) -> list[Partition]:
        return list(walk(self.read, len(self.image)))

    @property
    def entries(self) -> dict[str, list[tuple[str, str]]]:
        """Return the entries of each partition that has a list, by its name."""
        lists = (p for p in self.partitions if p.kind == SYSTEM)
        return {p.name: list(read_list(self.read, p)) for p in lists}

    @property
    def values(self) -> dict[str, str]:
        """Return the entries of `common`, the last of each name."""
        return dict(self.entries.get("common", ()))


def cut(image: bytes, writes: Sequence[Write]) -> Iterator[Device]:
    """Yield the device as it is after each byte that is written, and before the first one."""
    device = Device(image)
    yield Device(bytes(device.image))
    for at, data in writes:
        for number, byte in enumerate(data):
            device.image[at + number] = byte
            yield Device(bytes(device.image))
