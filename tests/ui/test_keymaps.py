"""Keyboard layouts: their file, their names, the compose table, and loading one."""

from pathlib import Path

from petipy.sys import vt
from petipy.ui import compose
from petipy.ui.keymaps import KEYS, Keymap, Keymaps, Tables, simplify_name, write
from petipy.ui.layouts import Layouts

HOLE = 0x0200


def table(symbols: dict[int, str]) -> list[int]:
    """Return a table with these characters by their keys, as the kernel writes them."""
    codes = {key: ord(text) for key, text in symbols.items()}
    return [
        code ^ 0xF000 if (code := codes.get(key, 0)) > 0xFF else 0x0B00 | code if code else HOLE
        for key in range(KEYS)
    ]


US: Tables = {0: table({16: "q", 21: "y", 39: ";"}), 1: table({16: "Q", 21: "Y", 39: ":"})}
DE: Tables = {0: table({16: "q", 21: "z", 39: "ö"}), 1: table({16: "Q", 21: "Z", 39: "Ö"})}
RU: Tables = {**US, 2: table({16: "й"}), 3: table({16: "Й"})}
KEYMAPS = [Keymap("us", "English (US)", US), Keymap("de", "German", DE), Keymap("ru", "R", RU)]


def write_file(room: Path) -> str:
    place = room / "keymaps"
    place.write_bytes(write(KEYMAPS))
    return str(place)


class Screen:
    """A virtual terminal that takes note of what is loaded."""

    def __init__(self) -> None:
        self.loaded: list[vt.Tables] = []
        self.fault: OSError | None = None

    def load(self, path: str, tables: vt.Tables, table: vt.Compose) -> None:
        assert path == "/dev/tty1"
        if self.fault:
            raise self.fault
        self.loaded.append(tables)


def test_a_file_gives_back_its_layouts() -> None:
    keymaps = Keymaps(write(KEYMAPS))
    assert keymaps.titles == {"us": "English (US)", "de": "German", "ru": "R"}
    for keymap in KEYMAPS:
        assert keymaps.find(keymap.name) == keymap


def test_an_image_without_the_file_has_no_layouts(tmp_path: Path) -> None:
    layouts = Layouts(str(tmp_path / "absent"))
    assert layouts.titles == {}
    assert "no keyboard layout 'de'" in layouts.use("de")
    assert layouts.describe() == "us, as the kernel has it"


def test_a_layout_has_the_names_of_kbd_and_x11_too() -> None:
    names = {"uk": "gb", "de-latin1": "de", "de-latin1-nodeadkeys": "de-nodeadkeys", "jp106": "jp"}
    names |= {"us(intl)": "us-intl", "br-abnt2": "br", "cz-lat2": "cz", "fr-latin9": "fr"}
    assert {name: simplify_name(name) for name in names} == names


def test_a_letter_of_another_script_stands_for_the_latin_one_of_its_key() -> None:
    keymap = Keymap("ru", "Russian", RU)
    assert [keymap.to_latin(letter) for letter in "йЙж"] == ["q", "Q", ""]
    assert Keymap("de", "German", DE).to_latin("ö") == "", "its key has no ASCII letter"


def test_dead_keys_make_the_letters_of_the_european_languages() -> None:
    rows = {(first, second): result for first, second, result in compose.make_table()}
    assert rows["'", "e"] == "é"
    assert rows['"', "u"] == "ü"
    assert rows["c", "r"] == "ř"
    assert rows["k", "a"] == "ą"
    assert rows["=", "o"] == "ő"
    assert rows["-", "l"] == "ł"
    assert rows["s", "s"] == "ß"
    assert rows["'", "\N{GREEK SMALL LETTER ALPHA}"] == "ά"
    assert len(rows) <= 256, "the kernel has no more room"
    assert all(len(result) == 1 for result in rows.values())


def test_the_layout_of_the_setting_is_loaded_once(tmp_path: Path) -> None:
    screen = Screen()
    layouts = Layouts(write_file(tmp_path), screen.load)
    assert layouts.follow("", "/dev/tty1") == ""
    assert (screen.loaded, layouts.name) == ([], "us")
    for _ in range(2):
        assert layouts.follow("de-latin1", "/dev/tty1") == ""
    assert (screen.loaded, layouts.describe()) == ([DE], "de, German")
    assert layouts.follow("", "/dev/tty1") == ""
    assert (screen.loaded[-1], layouts.name) == (US, "us")


def test_a_wrong_layout_is_told_once_and_changes_nothing(tmp_path: Path) -> None:
    screen = Screen()
    layouts = Layouts(write_file(tmp_path), screen.load)
    wrong = layouts.follow("klingon", "/dev/tty1")
    assert wrong == "petipy.keymap: this image has no keyboard layout 'klingon'"
    assert layouts.follow("klingon", "/dev/tty1") == ""
    screen.fault = OSError(1, "Operation not permitted")
    assert layouts.use("de") == "the layout de could not be loaded: Operation not permitted"
    assert (screen.loaded, layouts.name) == ([], "us")
