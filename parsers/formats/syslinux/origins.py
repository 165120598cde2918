"""The origins of an entry's parts."""

from collections.abc import Iterator

from parsers.api import Origin
from parsers.formats.syslinux.labels import Label
from parsers.formats.syslinux.statements import Statement, after_first


def origin(line: Statement, *spans: tuple[int, int]) -> Origin:
    return Origin(line.key, line.value, line.config, line.number, spans=spans)


def origins(label: Label, cmdline: str) -> Iterator[Origin]:
    """Yield the settings of the label, with their parts of the command line."""
    statements = label.statements
    # A module may change its options: then they are not found in the command line.
    start = max(cmdline.find(label.options), 0) if label.options else 0
    end = min(start + len(label.options), len(cmdline))
    if kernel := statements.get("kernel"):
        yield origin(kernel, *[(0, start)] * bool(after_first(label.kernel) and start))
    append = statements.get("append") if label.append is not None else label.inherited
    if append and label.options:
        yield origin(append, (start, end))
    for key in ("initrd", "fdt", "fdtdir"):
        if key in statements:
            yield origin(statements[key])
    if end < len(cmdline) and "sysappend" in statements:
        yield origin(statements["sysappend"], (end, len(cmdline)))
