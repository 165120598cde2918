"""Numbers of bytes in words. Pure."""


def format_size(size: float) -> str:
    """Return a number of bytes as the label of a disk has it: 20 GB, 1.5 GB, 512 MB."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.0f} {units[0]}" if size >= 9.95 else f"{size:.2g} {units[0]}"
