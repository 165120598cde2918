"""The code between two kernels on 64-bit POWER: trampoline.S, assembled, with its slots filled.

A test assembles the source and compares, so that neither changes without the other.
"""

import struct
from dataclasses import dataclass

# 32 bytes a line. Zeros are slots or padding.
CODE = bytes.fromhex(
    """
    08000048480000fca600607d01006b6900014439a6035a7da6037b7d2400004c
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    e880005838a400707ca903a64e80042038c402c87ce0302838e700017ce0312d
    40c2fff47c210b7880e402cc2c0700004182fff47c4213784c00012c7ce03028
    38e7ffff7ce0312d40c2fff44800006200000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    7c7f1b78429f00057fc802a63bdefef8ebbe028893fd001ceb7e02b0835e02b8
    7f2c42a680be02c87c05d040408000187c210b787ccc42a67cd930507c26d840
    4180ffe47c4213787c0004ac80be02bc2c0500004182008c38c5ffff90de02bc
    54c62834387e03007c633214f87e02c0e89e02a0e8be02a838de01907cc803a6
    38c010007cba03a67cdb03a64c0000247cc000a638e0000178e7f8067cc63b78
    7cc001644c00012c429f00057fc802a63bdefe54e8be02c080c5000454c6103a
    38c6000c7cc5302e2c06fffe4082ff8080de02bc38c6000190de02bc4bffff70
    ebbe0288eb9e0280eb7e02b038a000007cdc282a7cc0292a38a5000828250100
    4180fff038a000007c00286c7c0004ac7c002fac38a50020282501004180ffec
    7c0004ac4c00012c38c0000190de02cc7f2c42a680be02c82c05000041820014
    7ccc42a67cd930507c26d8404180ffe87c0004ac4c00012c7fa3eb787f84e378
    38a0000038c0000038e00000e91e0290e93e02987f8903a64e80042000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    """
)

CALLS_MAX = 100
_ORIGIN = 0x58  # in the first 0x100 bytes: the copy at address 0 needs it
_SLOTS = 0x280
_PATIENCE = 512_000_000  # ticks of the time base, 512 MHz on every POWER: one second
_CALL = 32  # bytes


@dataclass(frozen=True, slots=True)
class Rtas:
    """The firmware RTAS and the calls to make: (token, arguments…). Each returns a status only."""

    base: int
    entry: int
    calls: tuple[tuple[int, ...], ...] = ()


NO_RTAS = Rtas(0, 0)


def fill(
    *,
    origin: int,
    kernel: int,
    tree: int,
    secondaries: int,
    opal: tuple[int, int] = (0, 0),
    rtas: Rtas = NO_RTAS,
) -> bytes:
    """Return the trampoline for one jump. Addresses are physical.

    `secondaries` is the number of other CPUs that the leaving kernel sends to address 0x60; the
    trampoline waits for them for at most a second. `opal` is the firmware's base and entry, for
    the early debug console.
    """
    image = bytearray(CODE)
    struct.pack_into(">Q", image, _ORIGIN, origin)
    slots = kernel, tree, *opal, rtas.base, rtas.entry, _PATIENCE, secondaries, len(rtas.calls)
    struct.pack_into(">7Q2I", image, _SLOTS, *slots)
    # The trampoline counts down and makes the last call first.
    return bytes(image) + b"".join(map(_arguments, reversed(rtas.calls)))


def _arguments(call: tuple[int, ...]) -> bytes:
    token, *values = call
    words = token, len(values), 1, *values, 0
    return struct.pack(f">{len(words)}I", *words).ljust(_CALL, b"\0")
