"""argv → one of the commands. Each is imported in its own branch: none pays for another."""

import sys


def main() -> int:
    name, *arguments = sys.argv[1:] or [""]
    match name:
        case "run":
            return _run()
        case "--version":
            from petipy import __version__

            sys.stdout.write(f"petipy {__version__}\n")
            return 0
        case "-h" | "--help":
            sys.stdout.write(_usage())
            return 0
    from petipy.commands import find

    if command := find(name):
        return command(arguments)
    sys.stderr.write(_usage())
    return 2


def _run() -> int:
    """Be the boot manager. The order of imports saves time and memory at each start."""
    from petipy.startup import cache, collector, unlocked

    unlocked.begin()
    collector.pause()
    cache.install()
    # Fork the scanner before anything else is imported: it needs the parsers, not asyncio.
    from petipy.sandbox.process import ScannerProcess

    _find_platform()
    process = ScannerProcess()
    from petipy import app

    return app.main(process)


def _find_platform() -> None:
    """Find it once, for this process, the scanner and all its children."""
    from petipy import platforms

    platforms.find()


def _usage() -> str:
    from petipy.commands import find_all

    lines = [_usage_line("run", "", "be the boot manager of this machine")]
    lines += [_usage_line(command.name, command.usage, command.help) for command in find_all()]
    lines.append("petipy --version")
    return "usage: " + "\n       ".join(lines) + "\n"


def _usage_line(name: str, words: str, help: str) -> str:
    """One command and, beside it or below it, its help."""
    call = f"petipy {name} {words}".rstrip()
    return f"{call:<25}{help}" if len(call) < 25 else f"{call}\n{'':32}{help}"


if __name__ == "__main__":
    sys.exit(main())
