"""The entries that a text means, such as a wish for what boots first. Pure.

A text means entries by, in this order:

1. the id, as `petipy list` and `petipy ctl` show it;
2. the title or the configuration's own name, with the submenus before it: "Advanced>Debian 6.1";
   letters' case does not matter;
3. the title or the name alone;
4. the name for systemd, which petipy.state.names makes;
5. the id without versions, when none of these is there: the newest version comes first.

In an id of a wish, * stands for a version. Such a wish follows every update of a kernel.
"""

import re
from collections.abc import Iterable, Sequence

from parsers.reading.bootspec import version_key
from petipy.state.model import Choice
from petipy.state.names import make_name

# 6.1.0-13, 6.11.4-301.fc41, 6.12.43+deb13, 6.12-rc3: distributions' names of kernels differ.
_VERSION = re.compile(
    r"\d+(?:\.\d+)+(?:[-~]rc\d+)?(?:[-.]\d\w*)*(?:[.+~](?:fc|el|deb|bpo|oe|lp)\d\w*)*|\*"
)
_SUM = re.compile(r"-[0-9a-f]{8}\Z")  # the end of a name for systemd


def find_entries(text: str, choices: Iterable[Choice]) -> list[Choice]:
    """Return the entries that a text means, the best first."""
    known = list(choices)
    if named := find_named(text, known):
        return named
    pattern = strip_versions(text)
    found = [choice for choice in known if "*" in pattern and strip_versions(choice.id) == pattern]
    return sorted(found, key=make_version_key, reverse=True)


def find_named(text: str, known: Sequence[Choice]) -> list[Choice]:
    """Return the entries that have this id, title or name (1 to 4)."""
    if exact := [choice for choice in known if choice.id == text]:
        return exact
    # A menu may have thousands of entries, and this is asked at each decision.
    words = text.casefold()
    ends = [c for c in known if words.endswith((c.entry.title.casefold(), c.entry.name.casefold()))]
    for depth in ("whole", "last") if ends else ():
        if found := [choice for choice in ends if words in _list_names(choice, depth)]:
            return found
    return [choice for choice in known if text == make_name(choice)] if _SUM.search(text) else []


def make_wish(choice: Choice, choices: Iterable[Choice]) -> str:
    """Return the text by which an entry is wished for at later starts.

    For the newest version of several, or the only one, the text follows updates. Who chooses an
    older version means that one.
    """
    pattern = strip_versions(choice.id)
    versions = [other for other in choices if strip_versions(other.id) == pattern]
    newest = all(make_version_key(other) <= make_version_key(choice) for other in versions)
    return pattern if newest and "*" in pattern else choice.id


def _list_names(choice: Choice, depth: str) -> set[str]:
    entry = choice.entry
    trail = entry.trail if depth == "whole" else ()
    return {">".join((*trail, name)).casefold() for name in (entry.title, entry.name)}


def strip_versions(id: str) -> str:
    """Return an id, or a title, with * in the place of each version."""
    return _VERSION.sub("*", id)


def make_version_key(choice: Choice) -> list[tuple[int, int, str]]:
    """Return a key by which choices are sorted, the oldest version first."""
    return version_key(" ".join(_VERSION.findall(choice.id)))
