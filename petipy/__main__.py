"""argv → one of the commands. Each is imported in its own branch: none pays for another."""

import gc
import sys

USAGE = """usage: petipy run                be the boot manager of this machine
       petipy list [OPTION]… [PATH]
                                show what a directory, disk image or device offers to boot
       petipy explain TITLE|ID [OPTION]… [PATH]
                                say where each part of an entry is written, and why it boots
       petipy check [OPTION]… [FILE|DIR]
                                say what is wrong with a boot configuration
       petipy script FILE [OPTION]…
                                run a GRUB script, print what GRUB would print
       petipy capture [OPTION]… [DEVICE|DIR]…
                                write a machine's boot configuration as one JSON file
       petipy --version
"""


def main() -> int:
    arguments = sys.argv[1:]
    match arguments[:1]:
        case ["run"]:
            # A thousand allocations at a time, all to be kept: collecting them is time lost.
            gc.disable()
            from petipy.startup import prepared

            prepared.install()
            # Forked before anything else is imported: it needs the parsers, and we need asyncio.
            from petipy.sandbox.client import Scanner

            scanner = Scanner.start()
            from petipy import app

            return app.main(scanner)
        case ["list"]:
            from petipy.commands import list

            return list.main(arguments[1:])
        case ["explain"]:
            from petipy.commands import explain

            return explain.main(arguments[1:])
        case ["check"]:
            from petipy.commands import check

            return check.main(arguments[1:])
        case ["script"]:
            from petipy.commands import script

            return script.main(arguments[1:])
        case ["capture"]:
            from petipy.commands import capture

            return capture.main(arguments[1:])
        case ["--version"]:
            from petipy import __version__

            sys.stdout.write(f"petipy {__version__}\n")
            return 0
        case ["-h" | "--help"]:
            sys.stdout.write(USAGE)
            return 0
    sys.stderr.write(USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main())
