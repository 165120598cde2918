"""Keys are registered once: footers, the help and the README agree, and each key works."""

import ast
from pathlib import Path

import pytest

import petipy.ui
from petipy.ui.actions import ACTIONS
from petipy.ui.kit.keys import CONSOLE_KEYS, Key
from petipy.ui.screens import find_screens
from petipy.ui.view import key_table
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys: generated -->\n", "<!-- end of keys -->"
(UI,) = map(Path, petipy.ui.__path__)
OPENERS = [(name, screen.opener) for name, screen in find_screens().items() if screen.opener]


def names_of(keys: list[Key]) -> list[str]:
    return [name for key in keys for name in key.names]


def test_the_table_in_the_readme_is_the_generated_one(request: pytest.FixtureRequest) -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, "README has no place for the keys"
    wanted = f"{before}{BEGIN}{key_table().to_markdown()}{END}{after}"
    if request.config.getoption("--update-golden"):
        README.write_text(wanted)
    assert README.read_text() == wanted, "pytest --update-golden tests/ui/test_keys.py writes it"


def test_no_key_has_two_meanings_in_a_menu() -> None:
    openers = [key for _, key in OPENERS]
    menu = find_screens()["menu"].keys
    names = names_of([*openers, *(action.key for action in ACTIONS), *menu])
    assert len(names) == len(set(names))


def test_the_help_lists_every_key_that_works_outside_a_field() -> None:
    lines = Driver(size=(80, 90)).press("h").lines()
    listed = lines[lines.index("Keys") + 1 : lines.index("Signs")]
    keys = [*(key for _, key in OPENERS), *(action.key for action in ACTIONS), *CONSOLE_KEYS]
    for key in [*keys, *find_screens()["menu"].keys]:
        label = "  ".join(key.list_labels())
        (line,) = (
            line for line in listed if line.startswith(f"{label}  ") and key.help[:30] in line
        )
        assert line


def test_every_key_of_a_footer_is_in_the_help() -> None:
    driver = Driver()
    documented = set(names_of(key_table().documented()))
    for opener in ("", "h", "l", "i"):
        driver.press(*opener)
        assert set(names_of(list(driver.view.screen.footer))) <= documented
        driver.press(*"\x1b"[: len(opener)], "esc")


@pytest.mark.parametrize(("name", "key"), OPENERS, ids=[name for name, _ in OPENERS])
def test_a_key_opens_its_screen_and_no_second_one_on_top(name: str, key: Key) -> None:
    for one in key.names:
        driver = Driver().press(one)
        assert [layer.name for layer in driver.view._layers] == ["menu", name]
        screen = driver.view.screen
        assert screen.footer
        driver.press(one)
        assert [layer.name for layer in driver.view._layers] == ["menu", name]
        assert key.describe(str.format) in Driver().text.splitlines()[-1]


def test_a_screen_for_an_entry_does_not_open_where_there_is_none() -> None:
    driver = Driver().press("l")
    for _, key in OPENERS:
        if any(find_screens()[name].of_entry for name, other in OPENERS if other is key):
            assert driver.press(key.names[0]).lines()[0] == "Petipy 0.1 - Log"


def test_no_screen_imports_another_one_and_the_view_imports_none() -> None:
    for path in [*(UI / "screens").glob("*.py"), UI / "view.py", UI / "fullscreen.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("petipy.ui.screens."), path


@pytest.mark.parametrize("key", ["c", "ctrl c", "ctrl r", "f2"])
def test_the_keys_of_others_open_a_shell(key: str) -> None:
    assert Driver().press(key).shells == 1


@pytest.mark.parametrize("key", ["tab", "ctrl e"])
def test_the_keys_of_others_open_the_editor(key: str) -> None:
    assert "Edit Debian" in Driver().press(key).lines()[0]


@pytest.mark.parametrize("key", ["f2", "ctrl c"])
def test_a_shell_of_the_editor_leaves_what_was_typed(key: str) -> None:
    driver = Driver().press("e", *" single", key)
    assert driver.shells == 1
    assert "single" in driver.text


def test_the_keys_of_grub_move_the_cursor() -> None:
    driver = Driver()
    first = driver.focused()
    assert driver.press("ctrl n").focused() != first
    assert driver.press("ctrl p").focused() == first


def test_a_configuration_may_give_the_keys_of_others_to_an_entry() -> None:
    machine = Machine()
    machine.store.update(choices=(choice("C", hotkey="c"),))
    driver = Driver(machine).press("c")
    assert (len(machine.booted), driver.shells) == (1, 0)
    assert "[c]" in driver.text


def test_no_key_is_the_one_that_a_console_of_a_hypervisor_takes_for_sysrq() -> None:
    """The kernel's hvc driver swallows Ctrl-O; the next letter is a command to the kernel."""
    actions = [action.key for action in ACTIONS]
    shown = [key for screen in find_screens().values() for key in screen.keys]
    for key in (*actions, *shown, *key_table().documented()):
        assert "ctrl o" not in key
