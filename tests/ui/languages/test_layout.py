"""Every screen in every language: no line is too long, and nothing is left in English."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from petipy.settings.table import SETTINGS
from petipy.ui.catalogue import list_headers
from petipy.ui.kit import theme
from petipy.ui.line.letters import Letters, is_wide
from petipy.ui.line.plain import FILLER
from petipy.ui.translator import Translator
from tests.ui.driver import Driver
from tests.ui.fakes import PARTS
from tests.ui.languages.messages import find_messages
from tests.ui.test_golden import LANGUAGES, SCREENS, VIRTUAL, make_driver

ALL = Letters(None)
SIZES = ((80, 24), (40, 12))
NAMES = [name for name in SCREENS if name not in LANGUAGES]
CODES = [header.code for header in list_headers()]
FAKE = "\u1e8b"  # a letter in the place of each one of a text


def open_screen(name: str, size: tuple[int, int], room: Path) -> Driver:
    look = theme.VIRTUAL if name in VIRTUAL else theme.SERIAL
    return make_driver(name, size, look, room, ALL)


def draw(driver: Driver) -> Iterator[str]:
    """Yield each line in cells."""
    driver.view.show(driver.machine.store.snapshot)
    for line in driver.view.render(driver.size, focus=True).text:
        yield line.decode()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("code", CODES)
def test_no_screen_breaks_the_layout(code: str, size: tuple[int, int], tmp_path: Path) -> None:
    for name in NAMES:
        driver = open_screen(name, size, tmp_path)
        assert driver.view.speak(code)
        for key in ("page down", "page up"):
            lines = [*draw(driver)]
            assert len(lines) == size[1], name
            for line in lines:
                assert len(line) == size[0], (name, line)
                halves = [(first == FILLER, is_wide(last)) for first, last in pairs(line)]
                assert all(rest == wide for rest, wide in halves), (name, line)
            driver.press(key)
        driver.press("esc")  # a prompt's command ends


def pairs(line: str) -> Iterator[tuple[str, str]]:
    """Yield each character with the one before it."""
    return zip(line + " ", " " + line, strict=True)


class Fake(Translator):
    """A language whose letters are all the same."""

    def __init__(self) -> None:
        super().__init__(ALL)
        self._messages = {
            m.text: tuple(
                "".join(
                    part if part.startswith("{") else re.sub("[A-Za-z]", FAKE, part)
                    for part in re.split(r"(\{.*?\})", text)
                )
                for text in (m.text, m.many)
            )
            for m in find_messages()
        }
        self.version = 1


def list_words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{3,}", text))


@pytest.mark.parametrize("name", NAMES)
def test_every_text_of_the_screens_is_translated(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petipy.ui.view.Translator", lambda _: Fake())
    driver = open_screen(name, (200, 200), tmp_path)
    shown = " ".join(draw(driver))
    driver.press("esc")
    # The machine's own words: entries, devices, reasons, the log, names and values of settings.
    machine, layouts = driver.machine, driver.view.layouts
    known = [f"{machine.store.snapshot} {machine.session().log()} {PARTS} Petipy"]
    known += [f"{s.usage} {s.type.write(s.default)}" for s in SETTINGS]
    known += [f"{header.title} {header.english}" for header in list_headers()]
    known += layouts.titles.values() if layouts else []
    known += ["this machine keeps no settings", "http tftp boot grub cfg NVRAM", *SCREENS[name]]
    assert FAKE in shown
    assert not list_words(shown) - list_words(" ".join(known))


def test_a_screen_that_is_open_follows_the_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The typed text stays as it is."""
    typed = {"keep": {"Debian GNU/Linux (changed)"}}
    inner = {"setting": ["S", "enter"], "patience": ["S", "down", "enter", "w"]}
    monkeypatch.setattr("tests.ui.test_golden.SCREENS", SCREENS | inner)
    for name in [*NAMES, *inner]:
        if name == "language":  # its cursor is on the one in use
            continue
        driver = open_screen(name, (200, 60), tmp_path)
        assert driver.view.speak("de")
        shown = list_lines(driver)
        monkeypatch.setattr("tests.ui.test_golden.LANGUAGES", {name: "de"})
        fresh = open_screen(name, (200, 60), tmp_path)
        monkeypatch.setattr("tests.ui.test_golden.LANGUAGES", {})
        assert shown - list_lines(fresh) == typed.get(name, set()), name
        driver.press("esc")  # a prompt's command ends
        fresh.press("esc")


def list_lines(driver: Driver) -> set[str]:
    return {line.strip() for line in draw(driver)}
