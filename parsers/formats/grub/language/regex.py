"""POSIX extended regular expressions that end in bounded time.

Python's `re` backtracks: a configuration on a disk could keep it busy for years. Here all
possibilities advance together (Thompson, Pike), so the time is the product of the lengths. As in
gnulib, which GRUB uses, the match is the leftmost, of those the longest, of those the greediest;
\\w and the like are known. A back reference cannot be followed this way, and is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError
from parsers.formats.grub.language.pieces import cut

_LONGEST = 2000  # steps of a program
_MOST = 0x7FFF  # repetitions
# GRUB knows ASCII's letters only. Each class as Python writes it in brackets.
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_BRACKET = re.compile(
    r"(?s)(?P<negated>\^?+)(?P<inside>\]?+(?:\[:[a-z]*:\]|\[\..*?\.\]|\[=.*?=\]|[^\]])*+)\]"
)
_MEMBER = re.compile(
    r"(?s)\[:(?P<class>[a-z]*):\]|\[\.(?P<named>.*?)\.\]|\[=(?P<alike>.*?)=\]|(?P<char>.)"
)
_TIMES = re.compile(r"\{([0-9]{0,5})(,?)([0-9]{0,5})\}")
_ANY = re.compile("(?s).")
_ESCAPED = {
    "w": re.compile("[0-9A-Za-z_]"),
    "W": re.compile("[^0-9A-Za-z_]"),
    "s": re.compile(r"[ \t-\r]"),
    "S": re.compile(r"[^ \t-\r]"),
}
_EDGES = {"`": "^", "'": "$", "b": "b", "B": "B", "<": "<", ">": ">"}


class _Step(NamedTuple):
    """A step: `take` a character that is `one`; `split` to both; `jump` to the first; `save` the
    place; go on `past` a saved place only; stand at an `edge`.
    """

    kind: str
    first: int = 0
    second: int = 0
    one: "re.Pattern[str] | None" = None
    edge: str = ""


_Thread = tuple[int, tuple[int, ...]]  # its step, and the places that it has saved


def _free(steps: int) -> None:
    """Take any number of steps."""


class Regex:
    """A compiled expression. Raise GrubError for a wrong one.

    Compiling and searching cost steps, of about 10 microseconds each: `spend` takes them.
    """

    def __init__(self, pattern: str, spend: Callable[[int], None] = _free) -> None:
        self._spend = spend
        compiler = _Compiler(pattern, spend)
        self._program = compiler.program()
        self._ends = 2 * compiler.groups + 2
        self._unset = (-1,) * (self._ends + compiler.repeats)

    def __len__(self) -> int:
        return len(self._program)

    def search(self, text: str) -> list[str] | None:
        """Return the match and its groups (empty for one that took no part), or None."""
        # A thread may come to each step for each character, and a step may copy all its places.
        self._spend(len(self) * len(text) * (64 + len(self._unset)) >> 10)
        threads: list[_Thread] = []
        found: tuple[int, ...] = ()
        for place in range(len(text) + 1):
            if not found:
                threads.append((0, self._unset))
            reached, threads = self._reach(threads, place, text), []
            for at, saved in reached:
                step = self._program[at]
                if found and saved[0] > found[0]:
                    continue
                if step.kind == "match":
                    found = saved  # threads that began as early go on, and are longer
                elif place < len(text) and step.one and step.one.match(text[place]):
                    threads.append((at + 1, saved))
            if not threads and found:
                break
        if not found:
            return None
        ends = zip(found[: self._ends : 2], found[1 : self._ends : 2], strict=True)
        return [cut(text, max(start, 0), max(end, 0)) for start, end in ends]

    def _reach(self, threads: Sequence[_Thread], place: int, text: str) -> Iterator[_Thread]:
        """Yield the steps that take a character or match, by precedence, each only once."""
        stack, seen = list(reversed(threads)), set[int]()
        while stack:
            at, saved = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            kind, first, second, _, edge = self._program[at]
            if kind == "split":
                stack += [(second, saved), (first, saved)]
            elif kind == "jump":
                stack.append((first, saved))
            elif kind == "save":
                first %= len(saved)
                stack.append((at + 1, (*saved[:first], place, *saved[first + 1 :])))
            elif kind == "past":
                if place > saved[first]:
                    stack.append((at + 1, saved))
            elif kind == "edge":
                if _is_edge(edge, place, text):
                    stack.append((at + 1, saved))
            else:
                yield at, saved


class _Compiler:
    """The compiler of an expression. Each method returns the steps that begin at `base`."""

    def __init__(self, pattern: str, spend: Callable[[int], None]) -> None:
        self._pattern, self._spend = pattern, spend
        self._at = self._copied = 0
        self.groups = self.repeats = 0

    def program(self) -> list[_Step]:
        steps = [_Step("save", 0), *self._alternatives(1, 0)]
        return [*steps, _Step("save", 1), _Step("match")]

    def _alternatives(self, base: int, depth: int) -> list[_Step]:
        if depth > 50:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        steps: list[_Step] = []
        jumps: list[int] = []
        while True:
            at = base + len(steps) + 1
            branch = self._sequence(at, depth)
            if not self._skip("|"):
                steps += _shift(branch, -1)  # the last has no split before it
                break
            steps += [_Step("split", at, at + len(branch) + 1), *branch, _Step("jump")]
            jumps.append(len(steps) - 1)
            self._at_most(steps)
        for number in jumps:
            steps[number] = _Step("jump", base + len(steps))
        return self._at_most(steps)

    def _sequence(self, base: int, depth: int) -> list[_Step]:
        steps: list[_Step] = []
        while (char := self._peek()) and char != "|" and (char != ")" or not depth):
            start = base + len(steps)
            atom = self._atom(start, depth)
            # An edge is not repeated; a sign for repetition after it is a mistake.
            edge = atom[0].kind == "edge"
            while not edge and (times := self._times()) is not None:
                atom = self._repeat(atom, start, *times)
            steps += atom
        return self._at_most(steps)

    def _atom(self, base: int, depth: int) -> list[_Step]:
        self._spend(2)
        char = self._next()
        if char == "(":
            return self._group(base, depth)
        if char in "*+?{":
            raise GrubError(BAD_ARGUMENT, "Invalid preceding regular expression")
        if char in "^$":
            return [_Step("edge", edge=char)]
        if char == ".":
            return [_Step("take", one=_ANY)]
        if char == "[":
            return [_Step("take", one=self._bracket())]
        return [self._read_escape() if char == "\\" else _Step("take", one=_one_character(char))]

    def _group(self, base: int, depth: int) -> list[_Step]:
        self.groups += 1
        number = 2 * self.groups
        inside = self._alternatives(base + 1, depth + 1)
        if not self._skip(")"):
            raise GrubError(BAD_ARGUMENT, "Unmatched ( or \\(")
        return [_Step("save", number), *inside, _Step("save", number + 1)]

    def _read_escape(self) -> _Step:
        if self._at == len(self._pattern):
            raise GrubError(BAD_ARGUMENT, "Trailing backslash")
        char = self._next()
        if char in "123456789":
            raise GrubError(BAD_ARGUMENT, f"what \\{char} refers back to cannot be compared here")
        if char in _EDGES:
            return _Step("edge", edge=_EDGES[char])
        return _Step("take", one=_ESCAPED.get(char) or _one_character(char))

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return times
        if self._peek() != "{":
            return None
        match = _TIMES.match(self._pattern, self._at)
        if not match or not (match[1] or match[2]):
            raise GrubError(BAD_ARGUMENT, "Invalid content of \\{\\}")
        self._at = match.end()
        low = int(match[1] or "0")
        high = None if match[2] and not match[3] else int(match[3] or low)
        if high is not None and high < low:
            raise GrubError(BAD_ARGUMENT, "Invalid content of \\{\\}")
        if max(low, high or 0) > _MOST:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        return low, high

    def _repeat(self, atom: list[_Step], base: int, low: int, high: int | None) -> list[_Step]:
        size = len(atom)
        self._at_most(atom)
        if high is None and low == 1:
            return [*atom, _Step("split", base, base + size + 1)]
        steps: list[_Step] = []
        for _ in range(low):
            steps += _shift(atom, len(steps))
            self._at_most(steps)
        start = base + len(steps)
        if high is None:
            loop = _shift(atom, len(steps) + 1)
            out = start + size + 2
            return [*steps, _Step("split", start + 1, out), *loop, _Step("jump", start)]
        end = start + (high - low) * (size + 3)
        for number in range(high - low):
            at = start + number * (size + 3)
            # An optional part is left out before it takes nothing. Its place is kept after those
            # of the groups, so it is counted from the end.
            self.repeats += 1
            steps += [_Step("split", at + 1, end), _Step("save", -self.repeats)]
            steps += [*_shift(atom, at + 2 - base), _Step("past", -self.repeats)]
            self._at_most(steps)
        return steps

    def _bracket(self) -> "re.Pattern[str]":
        m = _BRACKET.match(self._pattern, self._at)
        if not m:
            raise GrubError(BAD_ARGUMENT, "Unmatched [, [^, [:, [., or [=")
        self._at = m.end()
        members = list(_MEMBER.finditer(m["inside"]))
        inside = ""
        while members:
            first = members.pop(0)
            if len(members) > 1 and members[0]["char"] == "-":
                low, high = _member(first), _member(members[1])
                if low > high:
                    raise GrubError(BAD_ARGUMENT, "Invalid range end")
                inside += f"{re.escape(low)}-{re.escape(high)}"
                del members[:2]
            elif (name := first["class"]) is None:
                inside += re.escape(_member(first))
            elif name in _CLASSES:
                inside += _CLASSES[name]
            else:
                raise GrubError(BAD_ARGUMENT, "Invalid character class name")
        return re.compile(f"[{m['negated']}{inside}]")

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
        self._copied += len(steps)
        self._spend(self._copied >> 3)
        self._copied &= 7
        if len(steps) > _LONGEST:
            raise GrubError(BAD_ARGUMENT, "Regular expression too big")
        return steps


def _shift(steps: Sequence[_Step], by: int) -> list[_Step]:
    """Move steps to another place."""
    return [
        s._replace(first=s.first + by, second=s.second + by)
        if s.kind == "split"
        else s._replace(first=s.first + by)
        if s.kind == "jump"
        else s
        for s in steps
    ]


def _member(match: "re.Match[str]") -> str:
    """Return the character. A class cannot begin or end a range."""
    char: str = match["char"] or match["named"] or match["alike"] or ""
    if len(char) != 1:
        wrong = "character" if match["class"] is None else "range end"
        raise GrubError(BAD_ARGUMENT, f"Invalid collation {wrong}")
    return char


def _one_character(char: str) -> "re.Pattern[str]":
    return re.compile(re.escape(char))


def _is_edge(edge: str, place: int, text: str) -> bool:
    if edge in "^$":
        return place == (0 if edge == "^" else len(text))
    word = _ESCAPED["w"]
    before = place > 0 and word.match(text, place - 1) is not None
    after = word.match(text, place) is not None
    if edge in "<>":
        return (before, after) == ((False, True) if edge == "<" else (True, False))
    return (before != after) is (edge == "b")
