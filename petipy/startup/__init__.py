"""Start Petipy fast: a trick per module.

Gains are in million instructions: of x86 for the imports, which take 320 of them, and otherwise of
the guest, which needs 2,360 from power-on to the jump. An emulated guest does 300 million a second.

    module       trick                                                            gain
    bundle       import from one file instead of two hundred, in groups             70
    unlocked     import without importlib's locks and searches                      20
    cache        take compiled code and regular expressions from a table           240
    lazy         import rarely used modules of the standard library on first use    22
    collector    collect no garbage during the imports                              24
    packs        keep compressed what a start without a network does not need      160
    warm         build each parser's grammar once, not once for each device    see there

All but `bundle` and `packs` together save 635 in the guest, with initramfs/fast/files.

PETIPY_PLAIN_START=1 in the environment turns all but `bundle` and `packs` off: in the image
these are the only places where the modules and the programs lie. `initramfs/build --plain` makes
an image without them.
"""

import posix  # os without all that it imports

PLAIN = posix.environ.get(b"PETIPY_PLAIN_START", b"0") not in {b"", b"0"}
