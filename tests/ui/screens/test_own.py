"""A change of an entry is kept as an entry of a person's own, and removed."""

from dataclasses import replace

import pytest

from petipy.settings.nvram import Nvram
from petipy.state import own
from petipy.state.own import Own
from petipy.state.settings import Settings
from petipy.ui.line.letters import ASCII, Letters
from tests.fakes import Kept
from tests.ui.driver import Driver
from tests.ui.fakes import DEBIAN, Machine, choice

TITLE = f"{DEBIAN} (changed)"


class Discovering(Machine):
    """A machine whose menu has the entries of its settings."""

    def publish(self, settings: Settings) -> None:
        old = self.store.snapshot
        choices = tuple(choice for choice in old.choices if not choice.base)
        self.store.update(settings=settings, choices=own.add(choices, settings, old.sources))


def kept(machine: Machine) -> dict[str, Own]:
    return dict(machine.store.snapshot.settings.own)


def keep_one(machine: Machine) -> Driver:
    """Return a person who has kept an entry, and has the cursor on it in the menu."""
    driver = Driver(machine).press("e", "x", "ctrl s", "enter", "esc")
    assert f"{TITLE} (own)" in driver.text
    return driver.press("/", *"changed", "esc")


def test_a_change_is_saved_with_a_title_and_is_in_the_menu() -> None:
    machine = Discovering(kept=Kept())
    driver = Driver(machine).press("e", *" single", "ctrl s")
    assert "Enter saves it in NVRAM." in driver.text
    driver.press("ctrl u", *"Rescue me", "enter")
    assert "Rescue me: saved in NVRAM" in driver.text
    assert "Edit Debian" in driver.lines()[0]
    lines = driver.press("esc").lines()  # it warns of nothing
    assert "Boot menu" in lines[0]
    at = lines.index("    Rescue me (own)")
    assert "Memory test" in lines[at - 1]
    assert "sda3" in lines[at + 2]
    made = kept(machine)["own1"]
    assert (made.title, made.cmdline, made.kernel) == (
        "Rescue me",
        "root=/dev/vda2 ro single",
        None,
    )
    assert driver.press("/", *"Rescue me", "enter").machine.booted == [("own#Rescue me", None)]


def test_a_change_may_be_kept_until_the_next_start_alone() -> None:
    machine = Discovering(kept=Kept())
    driver = Driver(machine).press("e", "x", "f4", "ctrl n")
    assert f"{TITLE}: not saved; it counts until the next start" in driver.text
    assert kept(machine)["own1"].title == TITLE
    assert isinstance(machine.kept, Kept)
    assert machine.kept.values == {}


def test_a_machine_that_keeps_nothing_says_so_before_and_after() -> None:
    driver = Driver(Discovering()).press("e", "x", "ctrl s")
    assert "It cannot be saved: this machine keeps no settings." in driver.text
    assert "not saved; it counts until the next start" in driver.press("enter").text


def test_what_does_not_fit_into_nvram_says_how_long_it_is(tmp_path: object) -> None:
    path = f"{tmp_path}/nvram"
    with open(path, "wb") as file:
        file.write(bytes(65536))
    machine = Discovering(kept=Nvram(path))
    driver = Driver(machine, (200, 24)).press("e", *f" {'long' * 60}", "ctrl s", "enter")
    assert f"{TITLE}: not saved; it counts until the next start: this takes " in driver.text
    assert "an entry of NVRAM has 255 (bytes: name of the base 25, title 26, " in driver.text
    assert "command line 258)" in driver.text
    assert kept(machine)["own1"].cmdline == f"root=/dev/vda2 ro {'long' * 60}"


def test_a_title_of_another_entry_is_refused_and_nothing_is_lost() -> None:
    machine = Discovering(kept=Kept())
    driver = Driver(machine).press("e", "x", "ctrl s", "enter", "y", "ctrl s", "enter")
    assert "It is not kept: another entry of your own has this title" in driver.text
    assert len(kept(machine)) == 1
    assert "root=/dev/vda2 roxy" in driver.press("esc").text


@pytest.mark.parametrize("letters", [ASCII, Letters(None)], ids=["ascii", "all"])
@pytest.mark.parametrize(
    ("title", "kept_as"),
    [
        ("デビアン 12", "デビアン 12 (changed)"),
        ("a\x1b[2Jb\nc", "a?[2Jb c (changed)"),
        ("\u202eevil", "?evil (changed)"),
        ("{0} {title}", "{0} {title} (changed)"),
        ("x" * 10_000, f"{'x' * 44}...{'x' * 23} (changed)"),
        ("日" * 10_000, f"{'日' * 22}...{'日' * 11} (changed)"),
    ],
)
def test_a_hostile_title_is_kept_as_harmless_text(
    title: str, kept_as: str, letters: Letters
) -> None:
    machine = Discovering(kept=Kept())
    machine.store.update(choices=(choice(title),))
    Driver(machine, letters=letters).press("e", "x", "ctrl s", "enter")
    assert [made.title for made in kept(machine).values()] == [kept_as]


def test_an_entry_is_changed_again_under_its_title() -> None:
    machine = Discovering(kept=Kept())
    keep_one(machine).press("e", *" y", "ctrl s", "enter")
    assert [made.cmdline for made in kept(machine).values()] == ["root=/dev/vda2 rox y"]


def test_an_entry_is_removed_after_a_question() -> None:
    machine = Discovering(kept=Kept())
    driver = keep_one(machine).press("delete")
    assert f"Remove {TITLE} for good?" in driver.text
    driver.press("n")
    assert list(kept(machine)) == ["own1"]
    driver.press("delete", "y")
    assert f"{TITLE}: not kept in NVRAM any more" in driver.text
    assert kept(machine) == {}
    assert machine.store.snapshot.choice(f"own#{TITLE}") is None


@pytest.mark.parametrize("key", ["delete", "R"])
def test_an_entry_of_a_configuration_cannot_be_removed(key: str) -> None:
    driver = Driver(Discovering(kept=Kept())).press(key)
    assert "Remove" not in driver.text


def test_the_details_say_what_an_entry_changes_and_where_it_is_kept() -> None:
    machine = Discovering(kept=Kept())
    text = keep_one(machine).press("i").text
    assert f"An entry of your own, in NVRAM: own1: it changes {DEBIAN}." in text


def test_the_settings_list_an_entry_while_there_is_one() -> None:
    machine = Discovering(kept=Kept())
    driver = Driver(machine, (100, 100)).press("S")
    assert "own1" not in driver.text
    driver.press("esc", "e", "x", "ctrl s", "enter", "esc", "S")
    assert "own1" in driver.text
    assert "own2" not in driver.text
    assert replace(kept(machine)["own1"], base="") == Own(
        base="", title=TITLE, cmdline="root=/dev/vda2 rox"
    )
