"""The machine is restarted, switched off or sent to its firmware's settings by two keys."""

import pytest

from parsers.api import Password
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice


def test_enter_asks_and_y_acts() -> None:
    driver = Driver().press("P", "enter")
    assert "Restart the machine now?" in driver.text
    assert driver.machine.left == []
    assert driver.press("y").machine.left == ["reboot"]


@pytest.mark.parametrize("key", ["n", "esc", "enter", " ", "Y", "down"])
def test_any_other_key_takes_the_question_back(key: str) -> None:
    driver = Driver().press("P", "down", "enter")
    assert "Switch the machine off now?" in driver.text
    assert "now?" not in driver.press(key, "y").text
    assert driver.machine.left == []


def test_settings_of_the_firmware_are_offered_where_it_has_some() -> None:
    assert "opens no settings from here" in Driver().press("P").text
    machine = Machine(actions=("reboot", "halt", "fwsetup"))
    driver = Driver(machine).press("P", "end", "enter", "y")
    assert machine.left == ["fwsetup"]
    assert "opens no settings" not in driver.text


def test_a_restart_is_free_where_the_settings_of_the_firmware_need_a_password() -> None:
    machine = Machine(actions=("reboot", "halt", "fwsetup"))
    keys = (Password(user="root", secret="toor"),)
    entry = choice("Closed", users=("root",), superusers=("root",), passwords=keys)
    machine.store.update(choices=(entry,), default=entry.id)
    driver = Driver(machine).press("P", "end", "enter", "y")
    assert "needs a password" in driver.text
    assert machine.left == []
    driver.press("esc", "home", "enter", "y")
    assert machine.left == ["reboot"]
