"""Every screen at three sizes, as files that a person can read: golden/SCREEN-SIZE.txt."""

from dataclasses import replace
from pathlib import Path

import pyte
import pytest

from parsers.api import Problem
from petipy.state.model import Source
from petipy.ui.kit import glyphs, theme
from petipy.ui.kit.display import Display
from petipy.ui.layouts import Layouts
from petipy.ui.line.letters import ASCII, Letters, fold, is_wide
from tests.control.test_session import SHUT, machine_of
from tests.e2e.picture import CP437
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice, device, machine
from tests.ui.test_keymaps import write_file
from tests.ui.wire import Wire

GOLDEN = Path(__file__).parent / "golden"
SIZES = {"80x24": (80, 24), "40x12": (40, 12), "200x60": (200, 60), "100x45": (100, 45)}
SCREENS = {
    "menu": [],
    "pane": [],
    "pane-end": ["end"],
    "submenu": ["down", "enter"],
    "find": ["/", *"fedora"],
    "find-letters": ["/", *"deb643"],
    "find-cmdline": ["/", *"vda2 ro"],
    "details": ["i"],
    "editor": ["e"],
    "keep": ["e", *" single", "ctrl s"],
    "log": ["l"],
    "log-find": ["l", "/", *"sdb1"],
    "help": ["h"],
    "network": ["N"],
    "open": ["O"],
    "settings": ["S"],
    "order": ["S", "down", "enter"],
    "keyboard": ["K"],
    "language": ["L"],
    "prompt": ["x", *"root", "tab", *"secret", "ctrl t"],
    "machine": ["I"],
    "machine-end": ["I", "end"],
    "power": ["P"],
    "power-asks": ["P", "down", "enter"],
}
# On a virtual terminal; the others are on a serial line.
VIRTUAL = {"pane", "pane-end", "keyboard", "prompt"}
# Screens in another language; English has all of them.
LANGUAGES = {"menu-de": "de", "help-de": "de", "language-de": "de"}
SCREENS |= {"menu-de": [], "help-de": ["h"], "language-de": ["L"]}
# Screens of a terminal that knows UTF-8, with titles beyond ASCII. The others are the same there.
UTF_8 = {
    "menu-utf8": [],
    "pane-utf8": [],  # as with ssh
    "find-utf8": ["/", *"größe"],
    "details-utf8": ["i"],
    "editor-utf8": ["e"],
    "menu-de-utf8": [],
    "help-de-utf8": ["h"],
    "language-de-utf8": ["L"],
}
# On a virtual terminal with the font of VGA.
VGA = replace(theme.VIRTUAL, glyphs=glyphs.VGA)
VGA_LETTERS = Letters(frozenset(CP437.values()))
CASES_VGA = [("pane-vga", size) for size in SIZES]
CASES_UTF_8 = [(name, size) for name in UTF_8 for size in SIZES if size != "100x45"]
CASES = [(name, size) for name in SCREENS for size in SIZES if size != "100x45" or name in VIRTUAL]


def make_driver(
    name: str, size: tuple[int, int], look: theme.Theme, room: Path, letters: Letters = ASCII
) -> Driver:
    """Return a person who has opened a screen. A file of keyboard layouts is put into `room`."""
    machine = make_machine()
    if name == "prompt":
        machine.store.update(choices=machine_of(SHUT).store.snapshot.choices)
    if name == "keep":
        machine.kept = Kept()
    layouts = None
    if name in VIRTUAL:
        layouts = Layouts(write_file(room), lambda *_: None)
        layouts.follow("de", "/dev/tty1")
    driver = Driver(machine, size, look, layouts, letters)
    if name in LANGUAGES:
        assert driver.view.speak(LANGUAGES[name])
    return driver.press(*SCREENS[name])


def make_machine() -> Machine:
    """Return a machine with a disk that fails, a problem and some lines in its log."""
    ready = machine()
    failed = Source.of(device("sdb1", "sdb1: 1 GB ext4"), "failed", "Input/output error")
    problem = Problem("/boot/grub/grub.cfg", 7, "syntax error at '|'", column=3, excerpt="a | b")
    made = Machine()
    made.store.snapshot = replace(
        ready, sources=(*ready.sources, failed), problems=(("vda2", problem),)
    )
    made.say("machine: IBM pSeries (emulated by qemu)")
    made.say("found vda2: 20 GB ext4, label root")
    made.say("sdb1: Input/output error", "error")
    made.store.snapshot = replace(made.store.snapshot, status=None)
    return made


@pytest.mark.parametrize(("name", "size"), CASES)
def test_a_screen(name: str, size: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    look = theme.VIRTUAL if name in VIRTUAL else theme.SERIAL
    driver = make_driver(name, SIZES[size], look, tmp_path)
    lines = driver.lines()
    if name == "prompt":
        driver.press("esc")  # its command ends
    columns, rows = SIZES[size]
    assert len(lines) == rows
    assert all(len(line) <= columns for line in lines)
    compare(lines, f"{name}-{size}", request)
    if name not in VIRTUAL:
        assert draw(driver, ASCII) == lines
        shown = [fold(line) for line in draw(driver, Letters(None))]
        assert shown == lines or name in LANGUAGES


@pytest.mark.parametrize(("name", "size"), CASES_UTF_8)
def test_a_screen_in_utf_8(name: str, size: str, request: pytest.FixtureRequest) -> None:
    machine = make_machine()
    titles = (
        choice("Größe ändern: Łódź, Ελλάδα"),
        choice("日本語の項目 2つ目", number=1),
        choice("Linux 6.1", trail=("Ältere Kernel",)),
    )
    disk = Source.of(device("vda2", "vda2: 20 GB ext4, label Bücher"), "ready")
    machine.store.update(choices=titles, sources=(disk,), default=titles[1].id)
    look = replace(theme.SERIAL, glyphs=glyphs.UNICODE, pane=name == "pane-utf8")
    driver = Driver(machine, SIZES[size], look, letters=Letters(None))
    assert driver.view.speak("de" if "-de-" in name else "en")
    driver.press(*UTF_8[name]).lines()
    lines = draw(driver, Letters(None))
    columns, rows = SIZES[size]
    assert len(lines) == rows
    assert all(sum(1 + is_wide(letter) for letter in line) <= columns for line in lines)
    compare(lines, f"{name}-{size}", request)


@pytest.mark.parametrize(("name", "size"), CASES_VGA)
def test_a_screen_with_the_signs_of_vga(
    name: str, size: str, request: pytest.FixtureRequest
) -> None:
    driver = Driver(make_machine(), SIZES[size], VGA, letters=VGA_LETTERS)
    lines = draw(driver, VGA_LETTERS)
    columns, rows = SIZES[size]
    assert len(lines) == rows
    assert all(len(line) <= columns for line in lines)
    compare(lines, f"{name}-{size}", request)


def draw(driver: Driver, letters: Letters) -> list[str]:
    """Return the lines that an emulator of a terminal shows of the driver's screen."""
    wire = Wire(driver.size)
    canvas = driver.view.render(driver.size, focus=True)
    Display(wire, driver.view.theme, letters).draw_screen(driver.size, canvas)
    glass = pyte.Screen(*driver.size)
    pyte.Stream(glass).feed(wire.take())
    return [line.rstrip() for line in glass.display]


def compare(lines: list[str], name: str, request: pytest.FixtureRequest) -> None:
    """Compare lines with a golden file."""
    text = "".join(f"{line}\n" for line in lines)
    path = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(text)
    assert path.read_text() == text, "pytest --update-golden tests/ui/test_golden.py writes it"


def test_each_golden_file_has_a_test() -> None:
    names = {f"{name}-{size}.txt" for name, size in (*CASES, *CASES_UTF_8, *CASES_VGA)}
    assert {path.name for path in GOLDEN.iterdir()} == names
