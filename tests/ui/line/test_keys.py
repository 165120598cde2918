import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.ui.line.keyboard import Keyboard
from petipy.ui.line.keys import Decoder, PersonDetector, Report

NOISE = {
    "NUL": b"\0",
    "BREAK and NULs": b"\0\0\0",
    "high bytes": bytes(range(0x80, 0x100)),
    "a letter of UTF-8": "é".encode(),
    "a bare ESC": b"\x1b",
    "primary device attributes": b"\x1b[?62;1;6c",
    "secondary device attributes": b"\x1b[>0;276;0c",
    "mode report": b"\x1b[?2026;2$y",
    "cursor position": b"\x1b[24;80R",
    "window size": b"\x1b[8;24;80t",
    "colour by ST": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    "colour by BEL": b"\x1b]11;rgb:0000/0000/0000\x07",
    "terminal's name": b"\x1bP>|xterm(390)\x1b\\",
    "focus": b"\x1b[I\x1b[O",
    "mouse": b"\x1b[M !!\x1b[<0;10;10M",
    "keyboard protocol": b"\x1b[?0u",
    "status": b"\x1b[0n",
    "function key": b"\x1b[15~",
    "garbled letters": b"x\xf8\x83A\0z",
}
KEYS = {
    "Enter": b"\r",
    "line feed": b"\n",
    "space": b" ",
    "a letter": b"e",
    "up": b"\x1b[A",
    "down, application mode": b"\x1bOB",
    "down with Ctrl": b"\x1b[1;5B",
}


# The answers that terminals give to whatever some program has asked them. conserver and minicom
# pass on what the terminal in front of them sends; minicom has answers of its own, too.
POSITION, WINDOW = b"\x1b[24;80R", b"\x1b[8;24;80t"
ANSWERS = {
    "xterm": b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c\x1b[>41;390;0c\x1b[?2026;2$y\x1b[0n"
    + POSITION
    + WINDOW
    + b"\x1bP>|XTerm(390)\x1b\\\x1b]11;rgb:0000/0000/0000\x07\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    "VT220": b"\x1b[?62;1;2;6;7;8;9c\x1b[>1;10;0c\x1b[?13n\x1b[?20n\x1b[?27;1n" + POSITION,
    "PuTTY": b"\x1b[?6c\x1b[>0;136;0c\x1b[0n\x1b]lPuTTY\x1b\\" + POSITION + WINDOW,
    "minicom": b"\x1b[?1;2c\x1b[0n" + POSITION,
    "screen": b"\x1b[?1;2c\x1b[>83;40900;0c\x1b[0n" + POSITION,
    "tmux": b"\x1b[?1;2;4c\x1b[>84;0;0c\x1bP>|tmux 3.5a\x1b\\" + POSITION + WINDOW,
    "conserver, BREAK": b"\0\x1b[?1;2c" + POSITION,
    "Linux": b"\x1b[?6c\x1b[0n\x1b[1;1R",
    "kitty": b"\x1b[?62;52;c\x1b[?0u\x1b[?997;1n\x1bP1+r544e=787465726d\x1b\\\x1b_Gi=1;OK\x1b\\",
}


def listening() -> PersonDetector:
    """Return a detector whose line has been quiet for long enough."""
    return PersonDetector(now=-10.0)


@pytest.mark.parametrize("data", NOISE.values(), ids=NOISE.keys())
def test_noise_and_answers_of_the_terminal_are_no_keys(data: bytes) -> None:
    assert not listening().detect(data, 0.0)


@pytest.mark.parametrize("data", NOISE.values(), ids=NOISE.keys())
def test_noise_that_comes_byte_by_byte_is_no_key(data: bytes) -> None:
    person = listening()
    found = [person.detect(bytes([byte]), 0.01 * at) for at, byte in enumerate(data)]
    if data != NOISE["garbled letters"]:  # its first letter comes before anything is wrong
        assert not any(found)


@pytest.mark.parametrize("data", ANSWERS.values(), ids=ANSWERS.keys())
def test_answers_of_a_terminal_are_no_keys_however_they_are_split(data: bytes) -> None:
    for cut in range(len(data) + 1):
        for pause in (0.1, 0.7):
            person, keyboard = listening(), Keyboard()
            keyboard.patience, found = 0.46, list[str | Report]()
            for now, piece in ((0.0, data[:cut]), (pause, data[cut:])):
                assert not person.detect(piece, now)
                found += keyboard.take(b"", now) if now > keyboard.deadline else []
                found += keyboard.take(piece, now)
            found += keyboard.take(b"", 9.0)
            keys = [key for key in found if isinstance(key, str)]
            split = pause > keyboard.patience and data[cut - 1 : cut] == b"\x1b"
            assert keys in ([], ["esc"] * split)
            assert person.detect(b"x", 20.0)
            assert keyboard.take(b"x", 20.0) == ["x"]


@pytest.mark.parametrize("data", KEYS.values(), ids=KEYS.keys())
def test_a_person_is_detected(data: bytes) -> None:
    assert listening().detect(data, 0.0)


@pytest.mark.parametrize("data", KEYS.values(), ids=KEYS.keys())
def test_a_sequence_is_detected_when_it_is_complete_however_it_was_cut(data: bytes) -> None:
    person = listening()
    found = [person.detect(bytes([byte]), 0.9 * at) for at, byte in enumerate(data)]
    assert found == [False] * (len(data) - 1) + [True]


def test_what_was_typed_before_the_line_was_quiet_does_not_count() -> None:
    person = PersonDetector(now=0.0)
    assert not person.detect(b"x", 0.05)
    assert not person.detect(b"x", 0.2)
    assert person.detect(b"x", 0.5)


def test_a_key_that_is_held_down_is_detected_after_a_second() -> None:
    person = PersonDetector(now=0.0)
    found = [at for at in range(200) if person.detect(b"x", at * 0.01)]
    assert 99 <= found[0] <= 101


def test_letters_right_after_noise_are_noise() -> None:
    person = listening()
    assert not person.detect(b"\xff", 0.0)
    assert not person.detect(b"e", 0.1)
    assert person.detect(b"e", 0.9)


def decoded(*pieces: bytes) -> list[str | Report]:
    decoder = Decoder()
    keys = [key for piece in pieces for key in decoder.feed(piece)]
    return [*keys, *decoder.expire()]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\x1b[5~\x1b[6~", ["page up", "page down"]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1bOH", ["home", "end", "home", "end", "home"]),
        (b"\x1b[[A\x1bOP\x1b[11~\x1b[21~", ["f1", "f1", "f1", "f10"]),
        (b"\x01\x18\x0c\x15", ["ctrl a", "ctrl x", "ctrl l", "ctrl u"]),
        (b"\x7f\x08\t\x1b[Z", ["backspace", "backspace", "tab", "shift tab"]),
        (b"\r\n\r\r", ["enter", "enter", "enter"]),
        (b"\x1bj", ["esc", "j"]),
        (b"\x1b\x1b[A", ["esc", "up"]),
        (b"\x1b", ["esc"]),
        (b"\x1b[2", []),
        (b"\x1b[\x07j", ["ctrl g", "j"]),
        (b"\x1b[24;80R\x1b[8;30;90t", [Report("R", (24, 80)), Report("t", (8, 30, 90))]),
    ],
)
def test_keys_have_their_names(data: bytes, keys: list[str | Report]) -> None:
    assert decoded(data) == keys


@given(st.lists(st.sampled_from([*NOISE.values(), *KEYS.values()])), st.data())
def test_it_does_not_matter_how_a_line_cuts_its_bytes(
    parts: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    assert decoded(whole[:cut], whole[cut:]) == decoded(whole)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_or_keep_more_than_a_sequence(data: bytes) -> None:
    decoder = Decoder()
    decoder.feed(data)
    decoder.expire()
    assert not decoder.pending


def test_a_line_with_utf_8_gives_letters_however_they_are_split() -> None:
    decoder = Decoder(unicode=True)
    assert decoder.feed("ö€𝄞".encode()) == ["ö", "€", "𝄞"]
    assert (decoder.feed(b"\xc3"), decoder.pending, decoder.noise) == ([], True, False)
    assert decoder.feed(b"\xb6x") == ["ö", "x"]


@pytest.mark.parametrize("noise", [b"\xff", b"\x80", b"\xc3x", b"\xe2\x28\xa1", b"\xed\xa0\x80"])
def test_bytes_that_are_no_utf_8_are_noise(noise: bytes) -> None:
    decoder = Decoder(unicode=True)
    decoder.feed(noise)
    assert decoder.noise


def test_a_letter_that_is_no_text_is_no_key() -> None:
    decoder = Decoder(unicode=True)
    assert decoder.feed("\u202e\u200b\u0085a".encode()) == ["a"]
