"""The search of a menu: the entries that have some words, and the places to mark. Pure.

An entry is found by its titles, its device, its kernel's path (which has the version) and its
command line. Words that are nowhere as they stand are looked for letter by letter, as "deb613" in
"Debian with Linux 6.13"; not in command lines, where nearly any letters are.
"""

from collections.abc import Mapping, Sequence

from petipy.state.model import Choice
from petipy.ui.line.plain import to_ascii, to_text

Span = tuple[int, int]  # start and end
_EXCERPT = 30  # columns of a text in which a word was found
_LONGEST = 4096  # characters of an entry that are searched


class Finder:
    """The entries of a menu, prepared for the search. `titles` are those of the devices.

    A menu may have ten thousand: a letter more only looks at the entries that are left.
    """

    def __init__(self, choices: Sequence[Choice], titles: Mapping[str, str]) -> None:
        self.choices = choices
        self.by_letters = False  # the last needle was found letter by letter
        self._heads = [_join_head(choice, titles.get(choice.device, "")) for choice in choices]
        cmdlines = [choice.entry.cmdline[:_LONGEST] for choice in choices]
        pairs = zip(self._heads, cmdlines, strict=True)
        self._texts = [f"{head}\n{_to_lower(cmdline)}" for head, cmdline in pairs]
        self._last: tuple[str, list[int]] = "", [*range(len(choices))]

    def find(self, needle: str) -> list[int]:
        """Return the indices of the entries that have each word of the needle."""
        words = _to_lower(needle).split()
        last, known = self._last
        found = known if needle.startswith(last) else [*range(len(self.choices))]
        texts = self._texts
        for word in words:
            found = [at for at in found if word in texts[at]]
        self._last = needle, found
        self.by_letters = not found
        if not found:
            heads = self._heads
            found = [at for at, head in enumerate(heads) if all(_trace(head, w) for w in words)]
        return found

    def find_best(self, needle: str, found: Sequence[int]) -> int:
        """Return the index of the best of the entries found: it has the needle in its title."""
        needle = _to_lower(needle).strip()
        heads = self._heads
        return next((at for at in found if needle in heads[at].partition("\n")[0]), found[0])

    def mark(self, text: str, needle: str) -> list[Span]:
        """Return the places of the words in a text that is shown, each a start and an end."""
        text, spans = _to_lower(text), []
        for word in _to_lower(needle).split():
            if (at := text.find(word)) >= 0:
                spans.append((at, at + len(word)))
            elif self.by_letters:
                spans += [(place, place + 1) for place in _trace(text, word)]
        return spans

    def explain(self, choice: Choice, needle: str) -> str:
        """Return an excerpt that has the first word that the entry's title has not; or ""."""
        title = _to_lower(choice.entry.title)
        rest = [word for word in _to_lower(needle).split() if word not in title]
        if not rest or self.by_letters:
            return ""
        kernel = f"{choice.kernel.path}{choice.kernel.url}" if choice.kernel else ""
        places = " > ".join(choice.entry.trail), kernel, choice.entry.cmdline
        for text in map(to_ascii, places):
            if (at := text.lower().find(rest[0])) >= 0:
                start = max(0, at - (_EXCERPT - len(rest[0])) // 2)
                stop = start + _EXCERPT
                ends = "..." if start else "", "..." if stop < len(text) else ""
                return f"{ends[0]}{text[start:stop].strip()}{ends[1]}"
        return ""


def _join_head(choice: Choice, title: str) -> str:
    entry, kernel = choice.entry, choice.kernel
    path = f"{kernel.path}{kernel.url}" if kernel else ""
    trail = " ".join(entry.trail) if entry.trail else ""
    head = f"{entry.title[:_LONGEST]}\n{trail[:_LONGEST]}\n{path}\n{choice.device} {title}"
    return _to_lower(head)


def _to_lower(text: str) -> str:
    # A line end separates the parts here; to_text makes a blank of one in a title.
    if text.isascii():
        return text.lower()
    from petipy.ui.line.letters import fold  # few titles have such letters

    return fold("\n".join(map(to_text, text.split("\n")))).lower()


def _trace(text: str, word: str) -> list[int]:
    """Return the places of the word's letters in their order; none if one is missing."""
    places, at = [], -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return []
        places.append(at)
    return places
