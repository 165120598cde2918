"""Files as a person types them in an entry's editor: "(vda2)/vmlinux", "/vmlinux", a URL. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from petipy.state.model import Choice, Edit, File


def as_edit(choice: Choice) -> Edit:
    """Return the unchanged entry in the form in which a person may type it."""
    kernel = choice.kernel or choice.entry.kernel
    return Edit(
        kernel="" if kernel is None else str(kernel),
        initrds=tuple(map(str, choice.initrds or choice.entry.initrds)),
        cmdline=choice.entry.cmdline.strip(),
    )


def apply_edit(choice: Choice, edit: Edit) -> tuple[File, tuple[File, ...]]:
    """Return the kernel and the initrds as a person typed them."""
    ours = [file for file in (choice.kernel, *choice.initrds) if file]
    # An image is named after its path, which may have parentheses. Compare these names as a whole.
    known = [choice.device, *(file.device for file in ours if file.device)]
    # An unchanged name keeps the attributes that it does not show, such as the file's permissions.
    same = {str(file): file for file in ours}
    found = [same.get(path) or _parse_typed(path, known) for path in (edit.kernel, *edit.initrds)]
    # The same file by another name is what was scanned, too.
    kernel, *initrds = (ours[ours.index(file)] if file in ours else file for file in found)
    return kernel, tuple(initrds)


def find_typed(choice: Choice, text: str) -> File:
    """Return the file or directory that a person types in the entry's editor."""
    ours = (file.device for file in (choice.kernel, *choice.initrds) if file and file.device)
    return _parse_typed(text, [choice.device, *ours])


def _parse_typed(text: str, known: Sequence[str]) -> File:
    if match := re.fullmatch(r"newc:([^:]+):(.+)", text):
        return replace(_parse_typed(match[2], known), packed=match[1])
    extent = re.fullmatch(r"(.+)@(\d{1,18})\+(\d{1,18})", text)
    if re.match(r"[a-z][a-z0-9+.-]*://", text):
        if extent:
            return File(url=extent[1], offset=int(extent[2]), size=int(extent[3]))
        return File(url=text)
    device = known[0]
    if named := next((name for name in known if text.startswith(f"({name})")), ""):
        device, text = named, text[len(named) + 2 :]
    elif match := re.fullmatch(r"\(([^()]+)\)(.*)", text):
        device, text = match[1], match[2]
    if match := re.fullmatch(r"(.+)@(\d{1,18})\+(\d{1,18})", text):
        return File(device=device, path=match[1], offset=int(match[2]), size=int(match[3]))
    return File(device=device, path=text)
