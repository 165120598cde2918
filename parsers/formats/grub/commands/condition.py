"""`test` and `[` (grub-core/commands/test.c), with GRUB's own rules of truth."""

import re
from collections.abc import Callable, Sequence

from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import FALSE, OUT_OF_RANGE, UNKNOWN_DEVICE, GrubError
from parsers.formats.grub.language.numbers import count, number
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.shell import Shell


@command("test", "[")
def test(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    words = list(arguments)
    if words and words[-1] == "]":
        words.pop()
    test = _Test(shell, words)
    value = test.value()
    if value and test.error:  # a false test is an error that would follow it
        shell.remark(test.error, harmless=test.error.number == UNKNOWN_DEVICE)
    return 0 if value else FALSE


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
_STRINGS: dict[str, Callable[[bytes, bytes], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_NUMBERS = {f"-{name}": compare for name, compare in _COMPARE.items()}
_PREFIXED = {f"-p{name}": _COMPARE[name] for name in ("gt", "lt")}
_TIMES = re.compile(r"-(nt|ot)(-?[0-9]*)")
_UNARY = ("-d", "-e", "-f", "-s", "-n", "-z")
_DEPTH = 50


class _Test:
    """One test. Its words are read from the left; `-a` stands between two tests by default."""

    def __init__(self, shell: Shell, words: list[str]) -> None:
        self._shell = shell
        self._words = words
        self._at = 0
        self._depth = 0
        self.error: GrubError | None = None

    def value(self) -> bool:
        either, both, invert = False, True, False
        while self._at < len(self._words):
            word = self._words[self._at]
            result = self._binary() or self._unary()
            if result is not None:
                both, invert = result() is not invert and both, False
            elif word == ")":
                self._at += 1
                break
            elif word == "(" and self._depth < _DEPTH:
                both, invert = self._group() is not invert and both, False
            else:
                self._at += 1
                if word == "!":
                    invert = not invert
                elif word == "-o":
                    either, both = either or both, True
                elif word != "-a":
                    both, invert = both and bool(word) is not invert, False
        return either or both

    def _group(self) -> bool:
        self._at += 1
        self._depth += 1
        value = self.value()
        self._depth -= 1
        return value

    def _binary(self) -> Callable[[], bool] | None:
        if self._at + 2 >= len(self._words):
            return None
        left, operator, right = self._words[self._at : self._at + 3]
        result: Callable[[], bool]
        if operator in _STRINGS:
            result = lambda: _STRINGS[operator](_bytes(left), _bytes(right))  # noqa: E731
        elif operator in _NUMBERS:
            result = lambda: _NUMBERS[operator](self._number(left), self._number(right))  # noqa: E731
        elif operator in _PREFIXED:
            result = lambda: self._after_prefix(left, operator, right)  # noqa: E731
        elif _TIMES.fullmatch(operator):
            result = lambda: self._newer(left, operator, right)  # noqa: E731
        else:
            return None
        self._at += 3
        return result

    def _unary(self) -> Callable[[], bool] | None:
        if self._at + 1 >= len(self._words) or self._words[self._at] not in _UNARY:
            return None
        operator, word = self._words[self._at : self._at + 2]
        self._at += 2
        match operator:
            case "-n":
                return lambda: bool(word)
            case "-z":
                return lambda: not word
            case "-e":
                return lambda: self._exists(word)
            case "-s":
                return lambda: self._place(word).size() > 0
        kind = "directory" if operator == "-d" else "file"
        return lambda: self._place(word).kind() == kind

    def _exists(self, path: str) -> bool:
        return self._place(path).kind() is not None

    def _place(self, path: str) -> Place:
        """Return the place of a file. GRUB forgets earlier errors when it looks for one, and takes
        any text that ends in a parenthesis for a device.
        """
        if path[:1] != "(":
            path = path[path.find(")") + 1 :]
        place = self._shell.place(path)
        self.error = None
        if path[:1] == "(" and place.volume is None and not place.url:
            self.error = GrubError(
                UNKNOWN_DEVICE, self._shell.machine.devices.unknown(place.device)
            )
        return place

    def _newer(self, left: str, operator: str, right: str) -> bool:
        """Compare times: -nt and -ot. A number of seconds may follow, and is added to the left."""
        newer, older = (left, right) if operator[1] == "n" else (right, left)
        if not self._exists(older):
            return self._exists(newer)
        times = [self._shell.place(path).modified() for path in (left, right)]
        favour = int(operator[3:20]) if operator[3:].strip("-") else 0
        ahead = times[0] + favour - times[1]
        return all(times) and (ahead > 0 if operator[1] == "n" else ahead < 0)

    def _number(self, text: str) -> int:
        """Read a number as a 64-bit processor compares it, with its sign."""
        try:
            value = number(text)
        except GrubError as error:
            self.error = error
            return -1 if error.number == OUT_OF_RANGE else 0
        return (value + (1 << 63)) % (1 << 64) - (1 << 63)

    def _count(self, text: str) -> int:
        try:
            return count(text)
        except GrubError as error:
            self.error = error
            return (1 << 64) - 1 if error.number == OUT_OF_RANGE else 0

    def _after_prefix(self, left: str, operator: str, right: str) -> bool:
        same = 0
        while left[same : same + 1] == right[same : same + 1] != "":
            same += 1
        return _PREFIXED[operator](self._count(left[same:]), self._count(right[same:]))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
