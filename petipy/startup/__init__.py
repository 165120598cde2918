"""Start Petipy fast: a trick per module.

In an emulated guest a second is some 300 million instructions. A headless start needs 2,360
million from power-on to the jump.

    module       trick                                             million instructions saved
    bundle       import from one file instead of two hundred                                ?
    cache        take compiled code and regular expressions from the image                  ?
    lazy         import rarely used modules of the standard library on first use            ?
    collector    collect no garbage during the imports                                      ?
    warm         let each parser build its grammar before the scanner forks                 ?

PETIPY_PLAIN_START=1 in the environment turns all but `bundle` off. In the image `bundle` is the
only place where the modules lie; `initramfs/build --plain` makes an image without it.
"""

import posix  # os without all that it imports

PLAIN = posix.environ.get(b"PETIPY_PLAIN_START", b"0") not in {b"", b"0"}
