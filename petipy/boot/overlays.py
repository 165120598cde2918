"""Overlays of a boot's device tree: a confined child applies them before anything is loaded."""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from petipy.boot.parts import size_of
from petipy.boot.plan import Plan, describe
from petipy.kexec import overlay
from petipy.kexec.fdt import MalformedTree, parse
from petipy.log import Log
from petipy.state.model import File
from petipy.sys.confined import confine
from petipy.sys.forked import Parent, Work, read_number

_WITHIN = 60.0  # seconds, for slow devices
_SECONDS = 30  # of processor time
_MEMORY = 512 << 20  # bytes; a tree of 4 MB takes 150 MB in Python

InChild = Callable[[Work, float, Callable[[str], None]], Awaitable[str]]


async def apply(
    todo: Plan, descriptors: Sequence[int], in_child: InChild, log: Log, stack: ExitStack
) -> tuple[Plan, list[int]]:
    """Return the plan with one device tree instead of a tree and overlays, and its descriptors.

    `descriptors` are those of todo.files; `stack` closes a new one. An overlay that cannot be
    applied is left out and logged: U-Boot skips it and boots as well.
    """
    first = len(descriptors) - len(todo.overlays)  # of the overlays; the tree is before them
    others, tree = [*descriptors[: first - 1]], descriptors[first - 1]
    plain = replace(todo, overlays=())
    if not todo.devicetree:
        return plain, list(descriptors)
    files = (todo.devicetree, *todo.overlays)
    result = os.memfd_create("devicetree")
    stack.callback(os.close, result)

    def receive(report: str) -> None:
        number, _, words = report.partition(" ")
        found = read_number(number, range(len(todo.overlays)))
        if found is None:
            raise ValueError(report[:60])
        log.warning(f"overlay {todo.overlays[found]} is left out: {words}")

    def work(link: Parent) -> str:
        return _work(link, descriptors[first - 1 :], files, result)

    try:
        await in_child(work, _WITHIN, receive)
    except OSError as error:
        # The load tells more if the tree itself is damaged.
        why = describe(error, "it took too long")
        log.warning(f"no overlay of {todo.devicetree} is applied: {why}")
        return plain, [*others, tree]
    os.lseek(result, 0, os.SEEK_SET)
    # The result is a file of its own, whatever part of a file the tree was.
    return replace(plain, devicetree=replace(todo.devicetree, offset=0, size=0)), [*others, result]


def _work(link: Parent, descriptors: Sequence[int], files: Sequence[File], result: int) -> str:
    """Write the tree with its overlays to `result`. Report each overlay that is left out."""
    confine(
        "probe", [link.fileno(), *descriptors, result], _SECONDS, _MEMORY, copies=overlay.LARGEST
    )
    pieces = zip(descriptors, files, strict=True)
    try:
        parse(tree := _read(*next(pieces)))
    except MalformedTree as problem:
        raise OSError(str(problem)) from problem
    for number, piece in enumerate(pieces):
        try:
            tree = overlay.apply(tree, _read(*piece))
        except (OSError, MalformedTree) as problem:
            link.report(f"{number} {problem}")
    rest = memoryview(tree)
    while rest:
        rest = rest[os.write(result, rest) :]
    return ""


def _read(descriptor: int, file: File) -> bytes:
    size = size_of(descriptor, file)
    if size > overlay.LARGEST:
        raise MalformedTree(f"it has {size} bytes, which is too large for a device tree")
    content = bytearray()
    while piece := os.pread(descriptor, size - len(content), file.offset + len(content)):
        content += piece
    return bytes(content)
