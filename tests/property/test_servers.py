"""Answers of servers that somebody has changed: no text of a server fails a scan or hangs it."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from parsers.formats import formats
from petipy.machinefile.read import load
from petipy.sandbox.messages import SCANS
from petipy.scan.lease import scan_lease
from tests.effort import ending
from tests.fakes import Machine
from tests.parsers.test_golden import GOLDEN

CASES = sorted(path.parent for path in GOLDEN.glob("*/*/network.json"))
TRIALS = 40  # of each case
PIECES = [
    *(
        "\0",
        "\xff",
        "{",
        "}",
        '"',
        "'",
        "$",
        "${",
        "\\",
        ";",
        "||",
        "\n",
        " ",
        "(",
        ")",
        "//",
        "..",
    ),
    *("configfile ", "source ", "chain ", "INCLUDE ", "goto ", "exit", "search -f /a --set=root\n"),
    *("menuentry x { ", "LABEL ", "#!ipxe\n", "set default=", "tftp://", "(tftp)/", "[::1]", "%00"),
]


def change(text: str, dice: random.Random) -> str:
    """Return the text with a few stretches removed, doubled, moved or replaced."""
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.choice((0, 1, 3, 20, 200)))
        piece = dice.choice(("", dice.choice(PIECES), text[at:end] * 2, text[: end - at]))
        text = text[:at] + piece + text[end:]
    return text


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_changed_answer_never_fails_a_scan(case: Path) -> None:
    known = load(str(case / "network.json"))
    ((name, lease),) = known.leases.items()
    dice = random.Random(str(case.name))
    texts = {url: text for url, text in known.urls.items() if isinstance(text, str)}
    for _ in range(TRIALS):
        urls = {change(url, dice) if not dice.randrange(9) else url: change(text, dice)
                for url, text in texts.items()}  # fmt: skip
        said = dict(lease)
        if not dice.randrange(3):
            word = dice.choice(sorted(said))
            said[word] = change(said[word], dice)
        _check(urls, said, name, known.name)


def _check(urls: Mapping[str, str], lease: Mapping[str, str], name: str, machine: str) -> None:
    host = Machine({name: {}}, urls=urls, leases={name: lease}, machine=machine or "ppc64le")
    with ending():
        scan = scan_lease(host.files(name), formats())
    assert not [p for p in scan.problems if "parser failed" in p.message], (urls, lease)
    elsewhere = any(wish.elsewhere for _, wish in scan.preferences)
    assert scan.entries or scan.problems or elsewhere, (urls, lease)
    assert SCANS.decode(SCANS.encode(scan)) == scan
    assert len(host.asked) < 700, (urls, lease)
