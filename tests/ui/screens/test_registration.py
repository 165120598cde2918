"""Screens at a terminal: each opens by its registered key, and a new one is one new file."""

import marshal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from initramfs.fast.bundle import write_bundle
from parsers.api import Password
from petipy.ui import screens
from petipy.ui.kit.keys import BACK, Key
from petipy.ui.screens import find_screens
from petipy.ui.view import key_table
from tests.ui.consoles import console_at, counting_machine, open_menu
from tests.ui.driver import Driver
from tests.ui.emulator import run
from tests.ui.fakes import DEBIAN, Machine, choice

TOP = Path(__file__).parents[3]
BYTES = {"enter": "\r", "esc": "\x1b", "backspace": "\x7f", "f1": "\x1bOP", "left": "\x1b[D"}
OPENERS = {name: screen.opener for name, screen in find_screens().items() if screen.opener}
TITLES = {"editor": f"Edit {DEBIAN}"}  # where it is not the registered one


def to_bytes(name: str) -> str:
    return BYTES.get(name, name)


@pytest.mark.parametrize(("name", "key"), OPENERS.items(), ids=OPENERS)
def test_at_a_terminal_a_key_opens_the_screen_and_esc_closes_it(name: str, key: Key) -> None:
    title = TITLES.get(name, find_screens()[name].title)

    async def scenario() -> None:
        async with console_at(counting_machine()) as (emulator, _):
            await open_menu(emulator)
            for one in key.names:
                emulator.type(to_bytes(one))
                await emulator.until(f"Petipy 0.1 - {title}")
                emulator.type(to_bytes(BACK.names[0]))
                await emulator.until("Petipy 0.1 - Boot menu")

    run(scenario())


def test_at_a_terminal_a_denied_command_opens_the_prompt() -> None:
    async def scenario() -> None:
        machine = Machine()
        keys = (Password(user="root", secret="toor"),)
        entry = choice("Closed", users=("root",), superusers=("root",), passwords=keys)
        machine.store.update(choices=(entry,), default=entry.id)
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            for key in ("\r", "e", "x"):
                emulator.type(key)
                await emulator.until("Petipy 0.1 - Password")
                emulator.type("\x1b")
                await emulator.until("Petipy 0.1 - Boot menu")
            assert machine.booted == []

    run(scenario())


NEW = """
from petipy.ui.kit.keys import Key
from petipy.ui.kit.registration import Registration
from petipy.ui.kit.screen import TextScreen


def make(occasion):
    screen = TextScreen()
    screen.set_text([(None, "It is new.")])
    return screen


SCREEN = Registration(title="New", opener=Key(("w",), "see the news", "{} news"), make=make)
"""


@pytest.fixture
def new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "news.py").write_text(NEW)
    monkeypatch.setattr(screens, "__path__", [*screens.__path__, str(tmp_path)])
    find_screens.cache_clear()
    key_table.cache_clear()
    yield
    find_screens.cache_clear()
    key_table.cache_clear()


@pytest.mark.usefixtures("new_file")
def test_a_new_file_is_a_new_screen_with_its_key_in_footer_help_and_readme() -> None:
    driver = Driver(size=(80, 40))
    assert "  w news" in driver.lines()[-1]
    assert "It is new." in driver.press("w").text
    assert driver.lines()[0] == "Petipy 0.1 - New"
    assert any(line.split() == ["w", "see", "the", "news"] for line in driver.press("h").lines())
    assert "| w | see the news |" in key_table().to_markdown()
    assert "w" in key_table().reserved


FROM_THE_BUNDLE = """
import sys
from petipy.startup import bundle
bundle.install(sys.argv[1])
from petipy.ui import screens
assert screens.__path__ == [f"{sys.argv[1]}/petipy.ui.screens"], screens.__path__
print(*screens.find_screens())
"""


def test_the_screens_are_found_in_the_one_file_that_the_image_keeps_them_in(tmp_path: Path) -> None:
    modules = {}
    for path in (TOP / "petipy/ui").rglob("*.py"):
        parts = path.relative_to(TOP).with_suffix("").parts
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        modules[name] = marshal.dumps(compile(path.read_text(), name, "exec")), package
    place = tmp_path / "modules"
    place.write_bytes(write_bundle(modules, []))
    command = [sys.executable, "-c", FROM_THE_BUNDLE, str(place)]
    out = subprocess.check_output(command, cwd=TOP, text=True)
    assert out.split() == list(find_screens())
