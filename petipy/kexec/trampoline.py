"""The code between two kernels on 64-bit POWER: trampoline.S assembled, and its slots filled.

A test assembles the source and compares, so neither can change alone.
"""

import struct

# 0x240 bytes, 32 a line; what is zero is a slot or padding.
CODE = bytes.fromhex(
    """
    08000048480000fca600607d01006b6900014439a6035a7da6037b7d2400004c
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    e880005838a400707ca903a64e80042038c4022c7ce0302838e700017ce0312d
    40c2fff47c210b7880e402302c0700004182fff47c4213784c00012c7ce03028
    38e7ffff7ce0312d40c2fff44800006200000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    7c7f1b78429f00057fc802a63bdefef8ebbe0208eb9e020093fd001ceb7e0220
    835e02287f2c42a680be022c7c05d040408000187c210b787ccc42a67cd93050
    7c26d8404180ffe47c42137838a000007cdc282a7cc0292a38a5000828250100
    4180fff038a000007c00286c7c0004ac7c002fac38a50020282501004180ffec
    7c0004ac4c00012c38c0000190de02307f2c42a680be022c2c05000041820014
    7ccc42a67cd930507c26d8404180ffe87c0004ac4c00012c7fa3eb787f84e378
    38a0000038c0000038e00000e91e0210e93e02187f8903a64e80042000000000
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000000
    000000001e848000000000000000000000000000000000000000000000000000
    """
)

_ORIGIN = 0x58  # in the first 0x100 bytes: the copy at address 0 needs it
_SLOTS = 0x200
_PATIENCE = 512_000_000  # ticks of the time base, 512 MHz on every POWER: one second


def fill(
    *, origin: int, kernel: int, tree: int, secondaries: int, opal: tuple[int, int] = (0, 0)
) -> bytes:
    """The trampoline for one jump. Addresses are physical.

    `secondaries`: how many other CPUs the leaving kernel sends to address 0x60; the trampoline
    waits for them for at most a second. `opal`: base and entry, for the early debug console.
    """
    image = bytearray(CODE)
    struct.pack_into(">Q", image, _ORIGIN, origin)
    struct.pack_into(">5QI", image, _SLOTS, kernel, tree, *opal, _PATIENCE, secondaries)
    return bytes(image)
