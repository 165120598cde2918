"""Make the image start faster; `initramfs/build --plain` leaves all of this out.

    trick                                             where          gain
    calls of kernel modules bound (ppc64el)           calls          0.6 s
    signatures and type information left out          modules        ?
    each rare kernel module compressed by itself      kernel         0.5 s
    programs unlinked from unused libraries           libraries      3.8 MB and more to unpack
    tables for unwinding cleared                      unwinding      a tenth of the programs
    a third of the image as LZ4                       lz4            ?
    all Python modules in one file                    bundle         50 million instructions
    code compiled and expressions parsed before       record         ?
    annotations of functions dropped                  annotations    6 million instructions
    stubs for modules of which little is needed       stubs          72 million instructions
    no docstrings, asserts and column numbers         python         ?
    shorter coldplug, calmer kernel                   files          ?

Seconds are of an emulated guest, where 300 million instructions take one.
"""
