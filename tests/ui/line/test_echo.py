"""An echo of the output is recognised, and a person who types what the screen shows is not."""

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.ui.kit.abilities import find_abilities
from petipy.ui.kit.output import Output
from petipy.ui.line.echo import QUIET, EchoDetector

COUNTDOWN = (
    b"\r\nPetipy 0.1\r\n",
    b"found vda2: 20 GB ext4, label root\r\nDefault: Debian GNU/Linux (vda2)\r\n",
    b"10 s until it boots - press Enter or a letter for the menu",
    b"\r 5 s",
    b"\r\nCountdown stopped - press Enter or a letter for the menu",
)
PROBE = b"\x1b7\x1b[999;999H\x1b[6n\x1b8"
MENU = (
    PROBE,
    b"\x1b[18t",
    b"\x1b[m\x1b[r\x1b[H\x1b[JPetipy 0.1 - Boot menu\r\n\nvda2: 20 GB ext4, label root\r\n"
    b"\x1b[7m> * Debian GNU/Linux\x1b[m\r\n    Advanced options for Debian GNU/Linux ->\x1b[24H"
    b"Enter boot  e edit  h help  i info  l log  r rescan  x shell  / find\x1b[4H",
)
KEYS = (
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[H",
    "\x1bOB",
    "\x1b[5~",
    "\x1b[1;5C",
    "\r",
    "\x7f",
    "\x1b",
)
ANSWERS = (b"\x1b[24;80R", b"\x1b[24;100R", b"\x1b[8;24;80t", b"\x1b[?62;1;6c")
OUTPUTS = st.lists(st.sampled_from(COUNTDOWN + MENU), min_size=1, max_size=6)


def cooked(data: bytes) -> bytes:
    """Return the echo of a login prompt: CR is CR LF, control characters are ^[ and the like."""
    out = bytearray()
    for byte in data:
        if byte in b"\r\n":
            out += b"\r\n"
        else:
            out += bytes([94, byte + 64]) if byte < 32 else bytes([byte])
    return bytes(out)


def split(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = next(sizes)
        yield data[at : at + size]
        at += size


ECHOES: list[Callable[[bytes], bytes]] = [bytes, cooked]


@pytest.mark.parametrize("echo", ECHOES)
@given(outputs=OUTPUTS, sizes=st.integers(1, 40), delay=st.floats(0, 2), seed=st.integers(0, 99))
def test_an_echo_is_recognised_before_it_has_typed_a_line(
    echo: Callable[[bytes], bytes],
    outputs: list[bytes],
    sizes: int,
    delay: float,
    seed: int,
) -> None:
    detector, now, chance = EchoDetector(), 1000.0, random.Random(seed)
    for output in (b"\r\nPetipy 0.1\r\n", *outputs):
        detector.write(output, now)
        now += 0.01
    back = echo(b"\r\nPetipy 0.1\r\n" + b"".join(outputs))
    passed, verdicts = 0, list[str]()
    for piece in split(back, iter(lambda: chance.randint(1, sizes), None)):
        verdicts.append(detector.read(piece, now + delay))
        passed += len(piece) if verdicts[-1] == "input" else 0
    assert passed < 12
    assert verdicts.count("echo") == 1
    assert verdicts[-1] in ("echo", "ignored")


@given(seed=st.integers(0, 999), lost=st.floats(0, 0.15))
def test_an_echo_with_lost_and_altered_bytes_is_recognised(seed: int, lost: float) -> None:
    detector, chance = EchoDetector(), random.Random(seed)
    menu = b"".join(MENU)
    detector.write(menu, 0.0)
    heard = bytearray()
    for byte in menu:
        if chance.random() > lost:
            heard.append(byte if chance.random() > 0.05 else chance.randrange(256))
    verdicts = [detector.read(piece, 0.5) for piece in split(bytes(heard), iter(lambda: 7, None))]
    assert "echo" in verdicts


def react(key: str) -> bytes:
    """Return the output for a key: a field shows it, or moves the cursor by the same bytes."""
    return {"\r": b"\r\n\x1b[3C", "\x1b": MENU[-1]}.get(key, key.encode())


KEY = st.one_of(st.sampled_from(KEYS), st.sampled_from("jkepxDebian GNU/Linux root=UUID -,12"))


@settings(max_examples=300)
@given(keys=st.lists(KEY, max_size=60), pace=st.floats(0.03, 1))
def test_a_person_who_types_and_sees_each_key_is_no_echo(keys: list[str], pace: float) -> None:
    detector, now = EchoDetector(), 50.0
    for output in MENU:
        detector.write(output, now)
    for answer in ANSWERS:
        assert detector.read(answer, now) == "input"
    for key in keys:
        now += pace
        assert detector.read(key.encode(), now) == "input"
        detector.write(react(key), now)


@pytest.mark.parametrize("key", [*KEYS, "a", "*"])
def test_a_key_that_is_held_down_is_no_echo(key: str) -> None:
    detector = EchoDetector()
    detector.write(b"".join(MENU), 0.0)
    for count in range(200):
        assert detector.read(key.encode(), count / 30) == "input"
        detector.write(react(key), count / 30)


@given(text=st.sampled_from(["Debian GNU/Linux", "UUID=4f1d-77", "Advanced options for Debian"]))
def test_words_that_are_copied_from_the_screen_are_no_echo(text: str) -> None:
    detector = EchoDetector()
    detector.write(b"".join(MENU) + b"UUID=4f1d-77 \r\n", 0.0)
    assert detector.read(f"{text}\r".encode(), 0.5) == "input"


@pytest.mark.parametrize("answer", ANSWERS)
@given(cut=st.integers(1, 8))
def test_an_answer_of_the_terminal_is_no_echo_wherever_the_line_cuts_it(
    answer: bytes, cut: int
) -> None:
    output = Output(find_abilities("vt220"))
    output.erase((132, 50))
    output.move(9, 23)
    detector = EchoDetector()
    detector.write(PROBE + output.take().encode() + b"\x1b[24;10H\x1b[8;24H\x1b[24;8H", 0.0)
    assert detector.read(answer[:cut], 0.1) == "input"
    if answer[cut:]:
        assert detector.read(answer[cut:], 0.2) == "input"


def test_a_computer_at_the_other_end_is_recognised_by_what_no_terminal_sends() -> None:
    detector = EchoDetector()
    assert detector.read(b"\x1b[0;32m  OK  \x1b[0m Started\r\n", 0.0) == "echo"


def echoing(now: float) -> EchoDetector:
    detector = EchoDetector()
    detector.write(COUNTDOWN[0], now)
    assert detector.read(COUNTDOWN[0], now) == "echo"
    return detector


def test_the_line_is_heard_again_once_it_is_quiet() -> None:
    detector = echoing(0.0)
    assert detector.read(b"x", 0.1) == "ignored"
    assert detector.ignores_input(0.1 + 0.9 * QUIET)
    assert not detector.ignores_input(0.1 + QUIET)
    assert detector.read(b"\r", 10.0) == "input"


def test_a_person_who_keeps_pressing_keys_is_heard_in_the_end() -> None:
    detector, verdicts = echoing(0.0), list[str]()
    for count in range(1, 20):
        verdicts.append(detector.read(b"\r", count / 2))
    assert verdicts[-1] == "input"


def test_after_an_echo_a_single_byte_on_the_heels_of_output_is_one_too() -> None:
    detector = echoing(0.0)
    detector.write(COUNTDOWN[3], 20.0)
    assert detector.read(b"\r", 20.1) == "echo"


def test_a_line_that_no_longer_echoes_is_trusted_again() -> None:
    detector = echoing(0.0)
    assert detector.read(b"\r", 20.0) == "input"
    detector.write(b"".join(MENU), 20.1)
    assert detector.read(b"j", 20.2) == "input"


@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30), st.floats(0, 5))))
def test_nothing_ends_it(steps: list[tuple[bytes, bytes, float]]) -> None:
    detector, now = EchoDetector(), 0.0
    for output, data, pause in steps:
        detector.write(output, now)
        now += pause
        assert detector.read(data, now) in ("input", "echo", "ignored")
    assert detector.read(b"x", now + 100) == "input"
