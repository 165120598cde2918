"""The screen of the settings: what counts, from where, and how it is changed."""

from petipy.settings.storage import Storage
from petipy.settings.table import SETTINGS
from petipy.state.settings import Settings
from tests.control.test_session import ROOT, guarded
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import Machine


def opened(kept: Storage | None = None) -> Driver:
    machine = Machine(kept=kept)
    machine.publish(machine.configuration().load())
    return Driver(machine).press("S")


def setting(driver: Driver, name: str) -> Driver:
    """Open the screen of one setting."""
    names = [setting.name for setting in SETTINGS if setting.is_listed()]
    return driver.press("g", *["down"] * (names.index(name)), "enter")


def settings_of(driver: Driver) -> Settings:
    return driver.machine.store.snapshot.settings


def test_every_setting_has_a_row_with_value_and_source() -> None:
    driver = opened(Kept({"timeout": "7"}))
    assert driver.lines()[0].startswith("Petipy 0.1 - Settings")
    assert driver.focused().split() == [">timeout", "7", "NVRAM:", "timeout"]
    assert "order            -                          built in" in driver.text
    assert "boot the default after so long" in driver.text, "the help of the setting"
    rows = set()
    for _ in SETTINGS:
        rows.add(driver.focused().split()[0])
        driver.press("down")
    assert rows == {f">{setting.name}" for setting in SETTINGS if setting.is_listed()}


def test_a_long_value_leaves_its_source_in_the_row() -> None:
    driver = opened(Kept({"entry": "Advanced options for Debian GNU/Linux>Linux 6.12.100-1"}))
    driver.press("down", "down")
    assert driver.focused().split() == [
        *(">entry", "Advanced", "option...12.100-1", "NVRAM:", "entry")
    ]


def test_a_value_is_saved_and_the_list_says_where() -> None:
    kept = Kept(remark="it is gone when the machine is switched off")
    driver = setting(opened(kept), "timeout")
    assert "Enter saves it in NVRAM." in driver.text
    assert "It is gone when the machine is switched off." in driver.text
    driver.press(*"12", "enter")
    assert kept.values == {"timeout": "12"}
    assert driver.focused().split() == [">timeout", "12", "NVRAM:", "timeout"]
    assert "timeout: saved in NVRAM: it is gone when" in driver.text


def test_a_value_counts_only_now() -> None:
    kept = Kept()
    driver = setting(opened(kept), "timeout").press(*"12", "ctrl n")
    assert (kept.values, settings_of(driver).timeout) == ({}, 12)
    assert "timeout: not saved; it counts until the next start" in driver.text
    assert driver.focused().split() == [">timeout", "12", "changed", "now:", "timeout"]


def test_a_value_is_taken_back() -> None:
    kept = Kept({"timeout": "7"})
    driver = setting(opened(kept), "timeout").press("ctrl r")
    assert (kept.values, settings_of(driver).timeout) == ({}, None)


def test_a_wrong_value_says_so_and_can_be_mended() -> None:
    kept = Kept()
    driver = setting(opened(kept), "timeout").press(*"soon", "enter")
    assert "timeout takes SECONDS|never" in driver.text
    driver.press("ctrl u", *"5", "enter")
    assert kept.values == {"timeout": "5"}


def test_what_cannot_be_kept_says_why_before_anything_is_typed() -> None:
    assert "It cannot be saved: this machine keeps no settings." in setting(opened(), "order").text
    text = " ".join(setting(opened(Kept()), "insecure").text.split())
    assert "It cannot be saved: every installed system can write what the machine keeps" in text


def test_the_reason_why_a_value_is_not_saved_is_shown_whole() -> None:
    driver = setting(opened(Kept()), "insecure").press("ctrl u", "1", "enter")
    words = " ".join(driver.text.split())
    assert "insecure: not saved; it counts until the next start: every installed" in words
    assert "or the kernel command line" in words
    driver.press("down")
    assert "not saved" not in driver.text


def test_values_that_were_not_understood_stand_above_the_others() -> None:
    driver = opened(Kept({"timeout": "soon"}))
    assert "Not understood, and without effect" in driver.text
    assert "NVRAM: timeout takes SECONDS|never, not 'soon'" in driver.text
    assert driver.focused().startswith(">timeout")


def test_a_secret_is_not_shown() -> None:
    driver = opened(Kept())
    driver.size = (80, 60)
    driver.machine.publish(Settings(password="$1$salt$hash"))
    assert "(secret)" in driver.text
    assert "$1$" not in driver.text + setting(driver, "password").text


def test_a_locked_machine_asks_for_the_password_and_then_saves() -> None:
    kept = Kept()
    driver = opened(kept)
    driver.machine.store.update(choices=(guarded("Shut", users=("root",)),))
    setting(driver, "timeout").press(*"12", "enter")
    assert "A change of the settings needs a password." in driver.text
    assert kept.values == {}
    driver.press(*"root", "enter", *ROOT.secret, "enter")
    driver.answer()
    driver.press("up")
    assert kept.values == {"timeout": "12"}
    assert driver.lines()[0].startswith("Petipy 0.1 - Settings")
