"""The screen of keyboard layouts, and the layout beside a password prompt."""

from pathlib import Path

from petipy.ui.layouts import Layouts
from tests.control.test_session import OPEN, ROOT, machine_of
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import Machine
from tests.ui.test_keymaps import Screen, write_file

PATH = "/dev/tty1"


def at_screen(room: Path, machine: Machine | None = None) -> tuple[Driver, Layouts]:
    """Return a person at the machine's own screen."""
    layouts = Layouts(write_file(room), Screen().load)
    layouts.follow("", PATH)
    machine = machine or Machine(kept=Kept())
    machine.publish(machine.configuration().load())
    return Driver(machine, layouts=layouts), layouts


def test_a_layout_is_used_at_once_without_a_right(tmp_path: Path) -> None:
    driver, layouts = at_screen(tmp_path, machine_of(OPEN))
    driver.press("K")
    assert driver.focused().split() == [">", "us", "English", "(US)"]
    driver.press("d", "enter")
    assert (layouts.name, driver.lines()[0]) == ("de", "Petipy 0.1 - Boot menu")
    assert "Keyboard: de, German" in driver.text


def test_a_layout_is_saved_and_taken_back(tmp_path: Path) -> None:
    driver, _ = at_screen(tmp_path)
    machine = driver.machine
    driver.press("K", "d", "ctrl s")
    assert machine.store.snapshot.settings.keymap == "de"
    assert "keymap: saved in NVRAM" in driver.text
    driver.press("ctrl r")
    assert machine.store.snapshot.settings.keymap == ""


def test_the_settings_lead_to_the_layouts_and_name_a_wrong_one(tmp_path: Path) -> None:
    driver, _ = at_screen(tmp_path, Machine(kept=Kept({"keymap": "klingon"})))
    driver.press("S")
    while not driver.focused().startswith(">keymap"):
        driver.press("down")
    driver.press("enter")
    assert "Keyboard layout" in driver.lines()[0]
    assert "There is no layout 'klingon' in this image." in driver.text
    assert "English (US)" in driver.text


def test_a_console_at_a_line_saves_a_layout_and_uses_none() -> None:
    driver = Driver().press("K")
    assert "This image has no keyboard layouts" in driver.text
    assert "use" not in driver.lines()[-1]
    assert driver.press("enter", "ctrl s").lines()[0].endswith("Keyboard layout")


def test_the_prompt_names_the_layout_and_changes_it(tmp_path: Path) -> None:
    driver, layouts = at_screen(tmp_path, machine_of(OPEN))
    driver.press("x")
    assert "Keyboard: us, English (US)" in driver.text
    driver.press(*"root", "enter", ROOT.secret[0], "f2", "d", "enter")
    assert layouts.name == "de"
    assert "Keyboard: de, German" in driver.text
    driver.press(*ROOT.secret[1:], "enter").answer()
    assert driver.shells == 1, "what was typed before has stayed"


def test_a_line_has_its_own_layout() -> None:
    driver = Driver(machine_of(OPEN)).press("x")
    assert "Keyboard" not in driver.text
    assert "layout" not in driver.press("f2").lines()[-1]


def test_a_password_is_shown_on_request_and_hidden_after_each_try() -> None:
    driver = Driver(machine_of(OPEN)).press("x", "tab", *"secret")
    assert "******" in driver.text
    assert "secret" in driver.press("ctrl t").text
    assert "Ctrl-T hide" in driver.lines()[-1]
    driver.press("enter").answer()
    assert "secret" not in driver.press(*"secret").text


def test_a_prompt_counts_wrong_passwords_and_says_what_the_next_one_takes() -> None:
    driver = Driver(machine_of(OPEN)).press("x", "tab", "a", "enter")
    assert "Checking the password ... a wrong one takes 2 s" in driver.text
    driver.answer()
    assert "Access denied. The next wrong one takes 2 s" in driver.text
    driver.press("b", "enter").answer()
    assert "Access denied (2 wrong passwords). The next wrong one takes 4 s" in driver.text


def test_a_letter_of_another_script_is_its_key_in_the_menu(tmp_path: Path) -> None:
    driver, layouts = at_screen(tmp_path)
    layouts.use("ru")
    assert driver.press("l").lines()[0].endswith("Log")
    assert driver.press("й").lines()[0].endswith("Boot menu"), "q: back"
