"""The log screen: levels, search, and following what comes."""

from typing import Any

from tests.ui.driver import Driver
from tests.ui.fakes import Machine


def busy_machine(lines: int = 3) -> Machine:
    machine = Machine()
    for number in range(lines):
        machine.say(f"line {number}")
    return machine


def say(machine: Machine, text: str, level: Any = "info") -> None:
    machine.say(text, level)
    machine.store.update(settled=True)  # the screens look again


def test_the_level_hides_lines_that_matter_less() -> None:
    machine = busy_machine()
    say(machine, "a detail", "debug")
    say(machine, "it is broken", "warning")
    driver = Driver(machine).press("l")
    assert "a detail" in driver.text
    driver.press("v")
    assert "Without lines for debugging" in driver.text
    assert "a detail" not in driver.text
    assert "line 1" in driver.text
    driver.press("v")
    assert "line 1" not in driver.text
    assert driver.text.count("it is broken") == 1
    assert "a detail" in driver.press("v").text


def test_a_search_shows_the_lines_that_have_all_its_words_below_their_headings() -> None:
    machine = busy_machine()
    say(machine, "sdb1: the disk does not answer", "error")
    driver = Driver(machine).press("l", "/", *"DISK answ")
    assert [line for line in driver.lines() if line][1:] == [
        "Events, the newest first (seconds since the kernel started)",
        "    3.00 sdb1: the disk does not answer",
        "Find: DISK answ_",
        "Up Down scroll  Esc show all",
    ]
    assert "No line has 'DISK answx'." in driver.press("x").text
    text = driver.press("esc").text
    assert "line 1" in text
    assert "Petipy 0.1 - Log" in text
    assert "Boot menu" in driver.press("esc").text


def test_what_a_search_has_found_stays_in_view_when_it_ends() -> None:
    driver = Driver(busy_machine(200)).press("l", "/", *"line 100", "esc")
    assert any(line.endswith(" line 100") for line in driver.lines())


def test_new_lines_do_not_move_the_line_that_is_read() -> None:
    machine = busy_machine(100)
    driver = Driver(machine).press("l", "page down", "page down", "page down", "page down")
    before = driver.lines()[2:20]
    say(machine, "something new")
    assert driver.lines()[2:20] == before


def test_following_shows_each_new_line_at_once_until_a_key() -> None:
    machine = busy_machine(100)
    driver = Driver(machine).press("l", "end", "f")
    assert "Following" in driver.text
    say(machine, "something new")
    assert driver.lines()[3].endswith("something new")
    assert "Following" not in driver.press("f").text
    assert driver.lines()[2] == "Devices"
