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

Other candidates, and where they stand:

    no udevd without a person    not taken: a child of ours per device takes longer, as
                                 petipy/README.md says, and its names come too late
    formats on demand            not taken: the scanner imports them once, and its children, one
                                 for each disk, share them; on demand each child would import
    one mount instead of two     not taken: a scan's mount ends with its child, and the process
                                 that owns the machine holds none; a boot mounts anew
    a quicker Python             taken: `-IS` in the image's petipy; Debian's Python has its
                                 frozen modules on
    buses side by side           taken in our own kernel: CONFIG_SCSI_SCAN_ASYNC
    an unpacked image, or LZ4    LZ4 taken: initramfs/fast/lz4.py
    no output on the way         taken by `quiet` on the command line, as README.md advises
    the jump                     not taken: the kernel quiets each device before it jumps; one
                                 that still writes would write into the next kernel's memory

All but `bundle` and `packs` together save 635 in the guest, with initramfs/fast/files.

PETIPY_PLAIN_START=1 in the environment turns all but `bundle` and `packs` off: in the image
these are the only places where the modules and the programs lie. `initramfs/build --plain` makes
an image without them.
"""

import posix  # os without all that it imports

PLAIN = posix.environ.get(b"PETIPY_PLAIN_START", b"0") not in {b"", b"0"}
