"""Processors, from /proc/cpuinfo, whose words differ between architectures."""

import re
from collections import Counter
from collections.abc import Iterator

from petipy.inventory.files import read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot

# The word for a processor's name: x86 and loongarch64, ppc64le, riscv64; s390x has its own.
_NAMES = ("model name", "Model Name", "cpu", "uarch", "isa")
_S390 = re.compile(r"processor \d+: .*?machine = (\w+)")
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_LARGEST = 1 << 20  # bytes: a server has hundreds of processors


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    text = _read_all(f"{root}/proc/cpuinfo")
    lines = [(name.strip(), words.strip()) for name, _, words in map(_split, text.splitlines())]
    for name in _NAMES:
        if models := Counter(words for found, words in lines if found == name):
            for model, count in models.items():
                yield "Model", f"{count} x {model}" if count > 1 else model
            break
    else:
        if machines := Counter(_S390.findall(text)):
            yield "Model", ", ".join(f"{count} x IBM {name}" for name, count in machines.items())
    online, possible = (
        _count(read_text(f"{root}/sys/devices/system/cpu/{name}"))
        for name in ("online", "possible")
    )
    if online:
        yield "Online", f"{online} of {possible}" if possible else str(online)
    if threads := read_text(f"{root}/sys/devices/system/cpu/smt/active"):
        yield "SMT", "on" if threads == "1" else "off"
    for name, words in lines:
        if name in ("clock", "cpu MHz"):
            yield "Clock", words.removesuffix("MHz").partition(".")[0] + " MHz"
            break


def _count(ranges: str) -> int:
    """Return how many numbers a list of the kernel has, such as "0-3,8"; 0 if it is none."""
    found = [_RANGE.fullmatch(part) for part in ranges.split(",")]
    return sum(int(m[2] or m[1]) - int(m[1]) + 1 for m in found if m) if all(found) else 0


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _read_all(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(_LARGEST)
    except OSError:
        return ""
