"""The search of a menu: the entries that have some words, and the places to mark. Pure.

An entry is found by its titles, its device, its kernel's path (which has the version) and its
command line. Words that are nowhere as they stand are looked for letter by letter, as "deb613" in
"Debian with Linux 6.13"; not in command lines, where nearly any letters are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice

from petipy.state.model import Choice
from petipy.ui.line.plain import to_ascii, to_text

Span = tuple[int, int]  # start and end
_EXCERPT = 30  # columns of a text in which a word was found
_LONGEST = 4096  # characters of an entry that are searched


class Found:
    """The numbers of the entries that a search finds, in order. Each is looked for once.

    `fits` says if an entry is found, `has` if there is one of a number. The entries `within` are
    looked at first, then all from the number `rest` on.
    """

    def __init__(
        self,
        fits: Callable[[int], bool],
        has: Callable[[int], bool],
        within: Sequence[int] = (),
        rest: int = 0,
    ) -> None:
        self._fits, self._has, self._within, self._rest = fits, has, within, rest
        self._seen = 0  # of those within
        self._known: list[int] = []

    def __iter__(self) -> Iterator[int]:
        for place in count():
            if place == len(self._known) and not self._look_on():
                return
            yield self._known[place]

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def narrow(self, fits: Callable[[int], bool]) -> "Found":
        """Return those of them that another search finds, too."""
        within = [*self._known, *self._within[self._seen :]]
        return Found(fits, self._has, within, self._rest)

    def _look_on(self) -> bool:
        """Find one more entry; return False if there is none."""
        for number in islice(self._within, self._seen, None):
            self._seen += 1
            if self._fits(number):
                self._known.append(number)
                return True
        while self._has(self._rest):
            self._rest += 1
            if self._fits(self._rest - 1):
                self._known.append(self._rest - 1)
                return True
        return False


class Finder:
    """The entries of a menu, prepared for the search. `titles` are those of the devices.

    A menu may have ten thousand: they are looked at as far as somebody asks for what is found, and
    a letter more only looks at the entries that are left.
    """

    def __init__(self, choices: Iterable[Choice], titles: Mapping[str, str]) -> None:
        self.by_letters = False  # the last needle was found letter by letter
        self._titles = titles
        self._coming = iter(choices)
        self._choices: list[Choice] = []  # those that were looked at so far
        self._heads: list[str] = []
        self._texts: list[str] = []
        self._last = "", Found(lambda _: True, self._has)

    def _has(self, number: int) -> bool:
        """Return True if there is such an entry. Prepare it for the search."""
        if number < len(self._choices):
            return True
        choice = next(self._coming, None)
        if choice is None:
            return False
        head = _join_head(choice, self._titles.get(choice.device, ""))
        self._choices.append(choice)
        self._heads.append(head)
        self._texts.append(f"{head}\n{_to_lower(choice.entry.cmdline[:_LONGEST])}")
        return True

    def list_choices(self, found: Iterable[int]) -> Iterator[Choice]:
        """Yield the entries that were found."""
        return (self._choices[number] for number in found)

    def find(self, needle: str) -> Found:
        """Return the numbers of the entries that have each word of the needle."""
        words = _to_lower(needle).split()
        texts, heads = self._texts, self._heads

        def fits(number: int) -> bool:
            text = texts[number]
            return all(word in text for word in words)

        last, found = self._last
        found = found.narrow(fits) if needle.startswith(last) else Found(fits, self._has)
        self._last = needle, found
        self.by_letters = not found
        if not self.by_letters:
            return found
        return Found(lambda number: all(_trace(heads[number], w) for w in words), self._has)

    def find_best(self, needle: str, found: Found) -> Choice:
        """Return the best of the entries found: it has the needle in its title."""
        needle = _to_lower(needle).strip()
        heads = self._heads
        titled = (number for number in found if needle in heads[number].partition("\n")[0])
        return self._choices[next(chain(titled, found))]

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
