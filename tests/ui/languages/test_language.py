"""The language of a console: the menu, the setting, letters that a terminal lacks."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from petipy.settings.table import BY_NAME
from petipy.ui.catalogue import Header
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.translator import Translator, is_shown
from tests.control.test_session import OPEN, machine_of
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import Machine

VGA = Letters(frozenset("äöüÄÖÜß"))  # as in most fonts of the kernel


def at_console(letters: Letters = ASCII, **kept: str) -> Driver:
    machine = Machine(kept=Kept(kept))
    machine.publish(machine.configuration().load())
    return Driver(machine, letters=letters)


def test_a_language_is_used_at_once_on_one_console_without_a_right() -> None:
    machine = machine_of(OPEN)
    here, there = Driver(machine), Driver(machine)
    here.press("L", "d", "enter")
    assert here.lines()[0] == "Petipy 0.1 - Startmenue"
    assert "Sprache: de, Deutsch" in here.text
    assert there.lines()[0] == "Petipy 0.1 - Boot menu"


def test_a_change_reaches_every_screen_that_is_open() -> None:
    driver = at_console(VGA)
    for key, title in (("I", "Systemdaten"), ("N", "Netzwerk"), ("S", "Einstellungen")):
        driver.press(key, "L", "d", "enter")
        assert title in driver.lines()[0]
        driver.press("L", "e", "enter", "esc")


def test_a_language_is_saved_for_all_consoles_and_taken_back() -> None:
    driver = at_console()
    other = Driver(driver.machine)
    driver.press("L", "d", "ctrl s")
    assert driver.machine.store.snapshot.settings.language == "de"
    assert "language: gespeichert in NVRAM" in driver.text
    assert other.lines()[0].endswith("Startmenue")
    driver.press("ctrl r")
    assert driver.machine.store.snapshot.settings.language == "en"
    assert driver.lines()[0].endswith("Language")


def test_a_choice_at_a_console_stays_when_the_setting_changes() -> None:
    driver = at_console()
    driver.press("L", "enter")
    asyncio.run(driver.session.configure("language", "de", keep=False))
    assert driver.lines()[0].endswith("Boot menu")


def test_the_setting_counts_from_the_beginning() -> None:
    assert at_console(language="de_DE.UTF-8").lines()[0].endswith("Startmenue")
    assert at_console(VGA, language="de").view.title == "Startmenü"


def test_an_unknown_language_is_english_and_named() -> None:
    driver = at_console(language="tlh")
    assert driver.lines()[0].endswith("Boot menu")
    assert "There is no language 'tlh' in this image." in driver.press("L").text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("de", "de"), ("DE", "de"), ("de_DE.UTF-8", "de_DE"), ("pt_br", "pt_BR")),
        *(("sr_RS@latin", "sr_RS"), ("C", "en"), ("C.UTF-8", "en"), ("POSIX", "en"), ("", "en")),
    ],
)
def test_a_locale_is_a_value_of_the_setting(text: str, value: str) -> None:
    assert BY_NAME["language"].type.read(text) == value


@pytest.mark.parametrize(
    "text", ["d", "../de", "de_", "de/../x", "german-new", "de_DE_x", "deutschland"]
)
def test_other_texts_are_no_value_of_the_setting(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  no text: a person sees the form of the setting
        BY_NAME["language"].type.read(text)


def test_letters_that_a_console_lacks_have_their_own_substitutes() -> None:
    for letters, title in ((ASCII, "Startmenue"), (VGA, "Startmenü")):
        translator = Translator(letters)
        assert translator.use("de")
        assert translator.phrase("Boot menu") == title
    some = Translator(Letters(frozenset("ü")))
    assert some.use("de_CH")
    assert some.phrase("{number} bytes", number=3) == "3 Bytes"
    assert some.phrase("Space") == "Leertaste"
    assert some.phrase("changed, not saved") == "geaendert, nicht gespeichert"


def test_a_language_without_substitutes_needs_the_letters_of_its_title() -> None:
    russian = Header(code="ru", title="Русский")
    assert not is_shown(russian, ASCII)
    assert not is_shown(russian, VGA)
    assert is_shown(russian, Letters(None))
    assert is_shown(Header(code="de", title="Größe", substitutes={"ö": "oe"}), ASCII)


def test_a_text_without_a_translation_is_english() -> None:
    translator = Translator(ASCII)
    translator.use("de")
    assert translator.phrase("{} of these {name}", 3, name="words") == "3 of these words"
    assert translator.plural(1, "{number} thing", "{number} things") == "1 thing"
    assert translator.plural(3, "{number} thing", "{number} things") == "3 things"


def test_plural_forms() -> None:
    translator = Translator(ASCII)
    words: Mapping[int, Any] = {0: "0 Eintraege", 1: "1 Eintrag", 2: "2 Eintraege"}
    translator.use("de")
    for number, text in words.items():
        assert translator.plural(number, "{number} entry", "{number} entries") == text
    translator.use("en")
    assert translator.plural(2, "{number} entry", "{number} entries") == "2 entries"
