"""Make the image start faster; `initramfs/build --plain` leaves all of this out.

    module       trick                                                   gain
    calls        bind the calls of kernel modules, and half of their     0.6 s
                 other relocations (ppc64el)                             9 million
    modules      drop signatures and type information of modules,        10.7 MB to unpack,
                 and what traces them                                    97 million
    symbols      drop the names of what modules do not export            4 % of the modules
    ../kernel    compress each rare kernel module by itself              0.5 s
    libraries    unlink programs from libraries that they never need     11 MB to unpack
    unwinding    clear the tables for unwinding the stack                a tenth of the programs
    lz4          compress by LZ4 what the kernel unpacks, without        220 million
                 short matches
    packs        keep the network's programs compressed until a link     160 million
                 needs them
    bundle       put all Python modules into one file                    50 million
    record       compile dataclasses, namedtuples and regular            240 million
                 expressions beforehand
    annotations  drop the annotations of functions                       6 million
    records      write out the methods of dataclasses and named tuples   90 million
    stubs        replace modules of which little is needed               72 million
    trim         drop what nobody uses of pyparsing and socket           48 million
    ../python    drop docstrings, asserts and column numbers             two fifths of the code
    turns        let each process run for 20 ms (Debian's kernel)      0.2 s
    files        ask only devices without driver for events; calm        0.5 s
                 the kernel's own work; load file systems early

Seconds are of an emulated guest, which does 300 million instructions in one. With all tricks init
is reached after 990 million instructions instead of 2,330, the jump after 2,360 instead of 4,810.
"""
