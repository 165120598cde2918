"""Files of /proc and /sys as texts."""

from pathlib import Path

from petipy import platforms


def read_text(path: str) -> str:
    """Return the text of a file without blanks around it; "" if it cannot be read."""
    return (platforms.read(path) or b"").decode(errors="replace").strip("\0 \t\n")


def read_number(path: str) -> int | None:
    """Return the number in a file; None if there is none."""
    text = read_text(path)
    return int(text) if text.isdecimal() and len(text) < 20 else None


def list_names(directory: str) -> list[str]:
    """Return the names in a directory in order; none if it cannot be read."""
    try:
        return sorted(path.name for path in Path(directory).iterdir())
    except OSError:
        return []


def find_driver(device: str) -> str:
    """Return the name of the driver of a device of /sys, or of the first above it that has one."""
    for above in ("", "/device", "/device/device"):
        try:
            return Path(f"{device}{above}/driver").readlink().name
        except OSError:
            continue
    return ""
