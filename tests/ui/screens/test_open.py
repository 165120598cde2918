"""The screen that opens a URL or a path."""

from dataclasses import replace

from petipy.state.model import NETWORK, Source
from tests.samples import device, guards
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice


def typed(text: str, machine: Machine | None = None) -> Driver:
    return Driver(machine).press("O", *text)


def test_what_is_typed_is_opened_and_the_menu_comes_back() -> None:
    driver = typed("http://192.0.2.1/menu.ipxe").press("enter")
    assert driver.machine.opened == ["http://192.0.2.1/menu.ipxe"]
    assert "Boot menu" in driver.text


def test_what_is_no_place_is_told_and_stays_to_be_mended() -> None:
    driver = typed("nothing").press("enter")
    assert driver.machine.opened == []
    assert "not a place" in driver.text
    assert "nothing" in driver.text
    assert "not a place" not in driver.press("x").text


def test_keys_of_the_menu_are_text_and_escape_leaves() -> None:
    driver = typed("qrlx")
    assert "qrlx" in driver.text
    assert "Boot menu" in driver.press("esc").text
    assert driver.machine.opened == []
    assert driver.shells == 0


def test_an_empty_line_opens_nothing() -> None:
    driver = typed("   ").press("enter")
    assert driver.machine.opened == []
    assert "URL or path" in driver.text


def opened(name: str, url: str) -> Source:
    place = Source.of(device(name, kind=NETWORK), "failed", reason="404 Not Found")
    return replace(place, title=f"{name}: {url}", opened=True)


def test_a_place_in_the_list_is_closed_and_the_text_of_the_field_is_no_matter_of_that_key() -> None:
    machine = Machine()
    places = opened("opened1", "http://192.0.2.1/a"), opened("opened2", "http://192.0.2.1/b")
    machine.store.update(sources=(*machine.store.snapshot.sources, *places))
    driver = typed("ab", machine).press("home", "delete")
    assert machine.closed == []
    assert "opened2: http://192.0.2.1/b" in driver.text
    assert "places that are open" in driver.text
    driver.press("down", "down", "delete")
    assert machine.closed == ["opened2"]
    assert "opened2" not in driver.text
    driver.press("delete")
    assert machine.closed == ["opened2", "opened1"]
    assert "Open now" not in driver.text
    assert driver.press("/", "x", "enter").machine.opened == ["/xb"]


def test_where_a_configuration_has_superusers_their_password_is_needed() -> None:
    machine = Machine()
    machine.store.update(choices=(guarded := (choice("Open", superusers=("root",)),)))
    machine.store.update(guards=guards(*guarded))
    driver = Driver(machine).press("O")
    assert "Open needs a password" in driver.text
    assert "Boot menu" in driver.press("esc").text
