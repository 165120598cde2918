"""The signs: each set is whole and takes known cells; a console gets signs that it shows."""

import unicodedata
from dataclasses import asdict, replace

import pytest
import wcwidth

from petipy.settings.table import BY_NAME
from petipy.state.boots import Progress
from petipy.state.settings import Settings
from petipy.ui.kit import theme
from petipy.ui.kit.display import Display
from petipy.ui.kit.glyphs import ASCII, SETS, UNICODE, VGA, Glyphs, choose_glyphs
from petipy.ui.line import letters
from petipy.ui.line.letters import Letters
from tests.e2e.picture import CP437
from tests.ui.consoles import console_at, open_menu, start_countdown
from tests.ui.driver import Driver
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import ADVANCED, Machine, choice
from tests.ui.wire import Wire

ALL, FONT, NONE = Letters(None), Letters(frozenset(CP437.values())), Letters()
SIZE = (80, 24)


def characters(signs: Glyphs) -> str:
    return "".join(asdict(signs).values())


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_whole_and_each_character_takes_a_cell(name: str) -> None:
    signs = SETS[name]
    assert [len(signs.cursor), len(signs.bar)] == [1, 4]
    assert 1 <= len(signs.submenu) <= 2, "the help has room for two"
    assert (len(signs.beside), len(signs.below)) in {(0, 0), (1, 1)}
    assert signs.bar[1] != signs.bar[2]
    for character in characters(signs):
        assert wcwidth.wcwidth(character) == 1
        assert character.isascii() or letters.is_narrow(character)


def test_the_sets_are_those_of_the_setting() -> None:
    assert BY_NAME["glyphs"].usage == f"petipy.glyphs=auto|{'|'.join(SETS)}"


def test_no_sign_for_lines_is_of_ambiguous_width() -> None:
    widths = {unicodedata.east_asian_width(character) for character in characters(UNICODE)}
    assert widths <= {"Na", "N"}
    assert unicodedata.east_asian_width(VGA.below) == "A", "why there are two sets"


def test_the_font_of_vga_has_each_sign_of_its_set() -> None:
    assert set(characters(VGA)) <= {*CP437.values()}
    assert not set(characters(UNICODE)) <= {*CP437.values()}
    assert characters(ASCII).isascii()


@pytest.mark.parametrize(
    ("setting", "shown", "virtual", "wanted"),
    [
        ("auto", FONT, True, VGA),
        ("auto", ALL, False, UNICODE),
        ("auto", NONE, False, ASCII),
        ("auto", NONE, True, ASCII),  # a font that cannot be read
        ("vga", ALL, False, VGA),
        ("vga", NONE, False, ASCII),
        ("unicode", NONE, False, ASCII),
        ("unicode", FONT, True, replace(ASCII, submenu="►", bar="[▬-]")),
        ("auto", Letters(frozenset("│─█░")), True, replace(ASCII, beside="│", below="─")),
        ("ascii", ALL, False, ASCII),
        ("ascii", FONT, True, ASCII),
    ],
)
def test_a_console_gets_the_signs_that_it_shows(
    setting: str, shown: Letters, virtual: bool, wanted: Glyphs
) -> None:
    assert choose_glyphs(setting, shown, virtual=virtual) == wanted


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (Settings(), "->"),
        (Settings(encoding="utf-8"), UNICODE.submenu),
        (Settings(encoding="utf-8", glyphs="ascii"), "->"),
        (Settings(encoding="utf-8", glyphs="vga"), VGA.submenu),
        (Settings(glyphs="unicode"), "->"),
        (Settings(encoding="utf-8", ui="line"), "->"),
    ],
)
def test_the_encoding_of_a_line_decides_unless_the_setting_does(
    settings: Settings, wanted: str
) -> None:
    machine = Machine()
    machine.store.update(settings=settings)

    async def body() -> None:
        async with console_at(machine, Emulator()) as (emulator, _):
            if settings.ui == "screen":
                await open_menu(emulator)
            else:
                await emulator.until("for the menu")
                emulator.type("\r")
            await emulator.until(f"{ADVANCED} {wanted}")

    run(body())


@pytest.mark.parametrize(("signs", "rule"), [(ASCII, " "), (UNICODE, "╎"), (VGA, "│")])
def test_a_rule_is_beside_the_pane(signs: Glyphs, rule: str) -> None:
    wire, size = Wire((120, 30)), (120, 30)
    look = replace(theme.MONOCHROME, glyphs=signs)
    view = Driver(Machine(), size, look, letters=ALL).view
    canvas = view.render(size, focus=True)
    Display(wire, look, ALL).draw_screen(size, canvas)
    assert {line.decode()[59] for line in canvas.text[2:-2]} == {rule}
    assert (rule in wire.take()) or rule == " "


@pytest.mark.parametrize("signs", SETS.values(), ids=SETS)
def test_a_bar_has_its_cells_whatever_is_there(signs: Glyphs) -> None:
    driver = Driver(look=replace(theme.SERIAL, glyphs=signs))
    store = driver.machine.store
    for done in (0, 1, 6, 12):
        progress = Progress(what="i", done=done, total=12)
        store.update(booting=store.snapshot.default, progress=progress)
        driver.view.show(store.snapshot)
        lines = [line.decode() for line in driver.view.render(SIZE, focus=True).text]
        full = 30 * done // 12
        first, there, coming, last = [*signs.bar]
        bar = first + there * full + coming * (30 - full) + last
        assert [line for line in lines if line.startswith(f"{bar} ")]


def test_the_help_has_the_signs_of_the_console() -> None:
    driver = Driver(size=(80, 60), look=replace(theme.SERIAL, glyphs=VGA), letters=ALL)
    canvas = driver.press("h").view.render((80, 400), focus=True)
    lines = [line.decode().rstrip() for line in canvas.text]
    assert {"►  the cursor", "→  a submenu"} <= {*lines}


def test_a_line_in_utf_8_keeps_to_the_budgets() -> None:
    machine = Machine()
    machine.clock.stop()
    titles = [f"vmlinuz-6.12.{n}+deb13-powerpc64le" for n in range(12)]  # the bar ends in none
    entries = (*map(choice, titles), *(choice("Old", trail=(title,)) for title in titles[:3]))
    machine.store.update(choices=entries, default=entries[0].id)
    start_countdown(machine, 30)
    wire, look = Wire(SIZE), replace(theme.SERIAL, glyphs=UNICODE)
    driver, display = Driver(machine, SIZE, look, letters=ALL), Display(wire, look, ALL)

    def measure(*keys: str) -> int:
        view = driver.press(*keys).view
        view.show(machine.store.snapshot)
        display.draw_screen(SIZE, view.render(SIZE, focus=True))
        return len(wire.take().encode())

    assert measure() <= 1300
    machine.clock.forward(10)
    assert 0 < measure() <= 12
    moves = [measure(key) for key in ["down"] * 14 + ["up"] * 12]
    assert all(0 < move <= 40 for move in moves)
    assert 40 in moves, "why the cursor is ASCII there"
    for done in range(1, 60):
        progress = Progress(what="i", done=done * 10**6, total=60 * 10**6, rate=3e6)
        machine.store.update(booting=machine.store.snapshot.default, progress=progress)
        assert measure() <= (50 if done > 1 else 200)
