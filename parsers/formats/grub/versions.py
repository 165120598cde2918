"""Orders of versions: rpm's, by which Red Hat's GRUB sorts entries, and GNU's, upstream's."""

import re

_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|[~+]")


def compare_packages(first: str, second: str, *, named: bool = True) -> int:
    """Return 1 if the first NAME-VERSION-RELEASE is newer, -1 if the second is, else 0.

    Without `named` the texts are VERSION-RELEASE.
    """
    for one, two in zip(_package(first, named), _package(second, named), strict=True):
        if result := _compare_versions(_SEGMENT.findall(one), _SEGMENT.findall(two)):
            return result
    return 0


def _package(text: str, named: bool) -> tuple[str, ...]:
    parts = [*text.rsplit("-", 1 + named), "", ""]
    return tuple(parts[: 2 + named])


def _compare_versions(ones: list[str], twos: list[str]) -> int:
    for at in range(max(len(ones), len(twos))):
        one = ones[at] if at < len(ones) else ""
        two = twos[at] if at < len(twos) else ""
        if one == two:
            continue
        if "~" in (one, two):  # older than all, even the end
            return 1 if two == "~" else -1
        if not (one and two):
            return 1 if one else -1
        if "+" in (one, two):  # newer than the end, older than all else
            return 1 if two == "+" else -1
        if one.isdigit() != two.isdigit():
            return 1 if one.isdigit() else -1
        if one.isdigit():
            one, two = one.lstrip("0"), two.lstrip("0")
            if len(one) != len(two):
                return 1 if len(one) > len(two) else -1
        if one != two:
            return 1 if one > two else -1
    return 0


_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
_SUFFIX = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)*\Z")


def gnu_key(name: str) -> tuple[object, ...]:
    """Return a sort key for a file name, after GNU's filevercmp. Suffixes count last."""
    dots = len(name) - len(name.lstrip("."))
    bare = _SUFFIX.sub("", name[dots:])
    return -dots, _key(bare), _key(name), name


def _key(text: str) -> list[tuple[list[int], int]]:
    """Take a text apart: what is no number, character by character, then the number."""
    parts = [m.groups() for m in _PARTS.finditer(text)]
    return [([*map(_rank, word), 0], int(digits or "0")) for word, digits in parts]


def _rank(char: str) -> int:
    """Return the place of a character: `~` is before the end, letters are before others."""
    if char == "~":
        return -1
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 0x110000
