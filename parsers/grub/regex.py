"""POSIX extended regular expressions that cannot be made to run for ever.

Python's `re` goes back and forth: a disk's configuration could keep it busy for years. Here all
possibilities advance together (Thompson, Pike), so the time is the product of the lengths. Of
several matches the first way of a repetition to be greedy counts, as in Perl; POSIX would take
the longest alternative.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from parsers.grub.errors import BAD_ARGUMENT, GrubError

_LONGEST = 2000  # steps of a program
_MOST = 255  # repetitions, POSIX's RE_DUP_MAX
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "digit": str.isdigit,
    "lower": str.islower,
    "space": str.isspace,
    "upper": str.isupper,
    "xdigit": lambda char: char in "0123456789abcdefABCDEF",
    "punct": lambda char: char.isprintable() and not char.isalnum() and not char.isspace(),
}
_CLASS = re.compile(r"\[:[a-z]*:\]")
_BRACKET = re.compile(r"(?P<negated>\^?)(?P<inside>\]?(?:\[:[a-z]*:\]|[^\]])*+)\]")


class _Step(NamedTuple):
    """`take` a character; else split to both, jump to the first, save, or hold at an edge."""

    kind: str
    first: int = 0
    second: int = 0
    accepts: Callable[[str], bool] | None = None


class Regex:
    """An expression, ready to be searched for; GrubError when it is none."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._groups = 0
        self._program = [_Step("save", 0), *self._alternatives(1, 0), _Step("save", 1)]
        if self._at < len(pattern):
            raise GrubError(BAD_ARGUMENT, "Unmatched ) or \\)")
        self._program.append(_Step("match"))

    def __len__(self) -> int:
        return len(self._program)

    def search(self, text: str) -> list[str] | None:
        """The leftmost match and its groups (empty where one took no part), or None."""
        threads: list[tuple[int, tuple[int, ...]]] = []
        found: tuple[int, ...] | None = None
        unset = (-1,) * (2 * self._groups + 2)
        for place in range(len(text) + 1):
            starts = [*threads, (0, unset)] if found is None else threads
            threads = []
            seen: set[int] = set()
            for at, saved in self._reach(starts, place, len(text), seen):
                step = self._program[at]
                if step.kind == "match":
                    found = saved
                    break
                if place < len(text) and step.accepts and step.accepts(text[place]):
                    threads.append((at + 1, saved))
            if not threads and found is not None:
                break
        if found is None:
            return None
        return [text[max(a, 0) : max(b, 0)] for a, b in zip(found[::2], found[1::2], strict=True)]

    def _reach(
        self,
        threads: Sequence[tuple[int, tuple[int, ...]]],
        place: int,
        end: int,
        seen: set[int],
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The steps that take a character or match, by precedence, each but once."""
        stack = list(reversed(threads))
        while stack:
            at, saved = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            kind, first, second, _ = self._program[at]
            if kind == "split":
                stack += [(second, saved), (first, saved)]
            elif kind == "jump":
                stack.append((first, saved))
            elif kind == "save":
                stack.append((at + 1, (*saved[:first], place, *saved[first + 1 :])))
            elif kind == "edge":
                if place == (0 if first == 0 else end):
                    stack.append((at + 1, saved))
            else:
                yield at, saved

    # Compiling: each gives the steps that begin at `base`

    def _alternatives(self, base: int, depth: int) -> list[_Step]:
        if depth > 50:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        steps = self._sequence(base + 1, depth)
        if not self._skip("|"):
            self._at_most(steps)
            return _moved(steps, -1)
        other = base + 1 + len(steps) + 1
        rest = self._alternatives(other, depth + 1)
        jump = _Step("jump", other + len(rest))
        return [_Step("split", base + 1, other), *steps, jump, *rest]

    def _sequence(self, base: int, depth: int) -> list[_Step]:
        steps: list[_Step] = []
        while self._at < len(self._pattern) and self._peek() not in ("|", ")"[: depth + 1]):
            start = base + len(steps)
            atom = self._atom(start, depth)
            while (times := self._times()) is not None:
                atom = self._repeated(atom, start, *times)
            steps += atom
        return self._at_most(steps)

    def _atom(self, base: int, depth: int) -> list[_Step]:
        char = self._next()
        if char == "(":
            self._groups += 1
            number = 2 * self._groups
            inside = self._alternatives(base + 1, depth + 1)
            if not self._skip(")"):
                raise GrubError(BAD_ARGUMENT, "Unmatched ( or \\(")
            return [_Step("save", number), *inside, _Step("save", number + 1)]
        if char in "^$":
            return [_Step("edge", int(char == "$"))]
        if char == ".":
            return [_Step("take", accepts=lambda _: True)]
        if char == "[":
            return [_Step("take", accepts=self._bracket())]
        if char == "\\":
            if self._at == len(self._pattern):
                raise GrubError(BAD_ARGUMENT, "Trailing backslash")
            char = self._next()
        return [_Step("take", accepts=char.__eq__)]

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return times
        end = self._pattern.find("}", self._at)
        if self._peek() != "{" or end < 0:
            return None
        low, comma, high = self._pattern[self._at + 1 : end].partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()):
            return None
        self._at = end + 1
        most = None if comma and not high else int(high[:4] or low[:4])
        if max(int(low[:4]), most or 0) > _MOST:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        return int(low), most

    def _repeated(self, atom: list[_Step], base: int, low: int, high: int | None) -> list[_Step]:
        size = len(atom)
        if high is None and low == 1:
            return [*atom, _Step("split", base, base + size + 1)]
        steps: list[_Step] = []
        for _ in range(low):
            steps += _moved(atom, len(steps))
            self._at_most(steps)
        start = base + len(steps)
        if high is None:
            loop = _moved(atom, len(steps) + 1)
            return [
                *steps,
                _Step("split", start + 1, start + size + 2),
                *loop,
                _Step("jump", start),
            ]
        end = start + (high - low) * (size + 1)
        for number in range(high - low):
            at = start + number * (size + 1)
            steps += [_Step("split", at + 1, end), *_moved(atom, at + 1 - base)]
            self._at_most(steps)
        return steps

    def _bracket(self) -> Callable[[str], bool]:
        m = _BRACKET.match(self._pattern, self._at)
        if not m:
            raise GrubError(BAD_ARGUMENT, "Unmatched [, [^, [:, [., or [=")
        self._at = m.end()
        negated, inside = bool(m["negated"]), m["inside"]
        classes = [of for name, of in _CLASSES.items() if f"[:{name}:]" in inside]
        chars, ranges = _ranges(_CLASS.sub("", inside))

        def accepts(char: str) -> bool:
            inside = char in chars or any(a <= char <= b for a, b in ranges)
            return (inside or any(of(char) for of in classes)) is not negated

        return accepts

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _skip(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._at += 1
        return True

    def _at_most(self, steps: list[_Step]) -> list[_Step]:
        if len(steps) > _LONGEST:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        return steps


def _moved(steps: Sequence[_Step], by: int) -> list[_Step]:
    """The same steps at another place."""
    return [
        s._replace(first=s.first + by, second=s.second + by)
        if s.kind == "split"
        else s._replace(first=s.first + by)
        if s.kind == "jump"
        else s
        for s in steps
    ]


def _ranges(text: str) -> tuple[str, list[tuple[str, str]]]:
    chars, ranges = "", []
    while text:
        if len(text) > 2 and text[1] == "-":
            ranges.append((text[0], text[2]))
            text = text[3:]
        else:
            chars, text = chars + text[0], text[1:]
    return chars, ranges
