"""A person changes a setting for now, or for good where the machine can keep it."""

import asyncio
from pathlib import Path

import pytest

from petipy.settings.configuration import Configuration, Outcome
from petipy.settings.storage import Statement, Storage
from petipy.state.settings import Settings
from tests.fakes import Kept


class Person:
    """A person who changes settings. `settings` are those in effect."""

    def __init__(self, kept: Storage | None = None, cmdline: str = "", image: str = "") -> None:
        self.configuration = Configuration(self.publish, cmdline, image or "/nonexistent", kept)
        self.settings = self.configuration.load()

    def publish(self, settings: Settings) -> None:
        self.settings = settings

    def set(self, name: str, text: str | None, *, keep: bool = True) -> Outcome:
        return asyncio.run(self.configuration.set(name, text, keep=keep))


def test_a_saved_value_is_kept_counts_at_once_and_says_where() -> None:
    kept = Kept()
    person = Person(kept)
    assert str(person.set("timeout", "7")) == "saved in NVRAM"
    assert kept.values == {"timeout": "7"}
    assert (person.settings.timeout, person.settings.layer("timeout")) == (7, "machine")
    assert person.settings.place("timeout") == "NVRAM: timeout"


def test_a_value_for_now_is_not_kept_and_outranks_every_layer() -> None:
    kept = Kept({"timeout": "3"})
    person = Person(kept, "petipy.timeout=5")
    words = str(person.set("timeout", "7", keep=False))
    assert words == "not saved; it counts until the next start"
    assert kept.values == {"timeout": "3"}
    assert (person.settings.timeout, person.settings.layer("timeout")) == (7, "now")
    assert str(person.set("timeout", None, keep=False)) == "as it was at the start"
    assert (person.settings.timeout, person.settings.layer("timeout")) == (5, "command line")


def test_a_saved_value_outlasts_what_was_changed_for_now() -> None:
    person = Person(Kept())
    person.set("timeout", "7", keep=False)
    person.set("timeout", "8")
    assert (person.settings.timeout, person.settings.layer("timeout")) == (8, "machine")


def test_without_a_value_the_machine_keeps_it_no_more(tmp_path: Path) -> None:
    (tmp_path / "petipy.toml").write_text("timeout = 4\n")
    kept = Kept({"timeout": "3"})
    person = Person(kept, image=str(tmp_path / "petipy.toml"))
    assert str(person.set("timeout", None)) == "not kept in NVRAM any more"
    assert kept.values == {}
    assert (person.settings.timeout, person.settings.layer("timeout")) == (4, "image")


def test_a_value_that_the_command_line_outranks_is_kept_and_counts_until_the_next_start() -> None:
    kept = Kept()
    person = Person(kept, "petipy.timeout=5")
    words = "saved in NVRAM: the kernel command line says 5 at each start"
    assert str(person.set("timeout", "7")) == words
    assert (kept.values, person.settings.timeout) == ({"timeout": "7"}, 7)


def test_a_machine_without_a_storage_says_so_and_the_value_counts_now() -> None:
    person = Person()
    words = "not saved; it counts until the next start: this machine keeps no settings"
    assert str(person.set("timeout", "7")) == words
    assert person.settings.timeout == 7
    assert str(person.set("consoles", "hvc1")) == "not changed: this machine keeps no settings"


def test_a_storage_that_fails_says_why_and_the_value_counts_now() -> None:
    person = Person(Kept(reason="it is full"))
    words = "not saved; it counts until the next start: it is full"
    assert str(person.set("timeout", "7")) == words
    assert person.settings.timeout == 7


def test_a_setting_that_counts_at_the_start_has_to_be_saved() -> None:
    person = Person(Kept())
    assert str(person.set("network", "0", keep=False)).startswith("not changed: it counts at the")
    assert str(person.set("network", "0")) == "saved in NVRAM; it counts at the next start"


@pytest.mark.parametrize("name", ["password", "insecure", "shell", "lock", "boot_restricted", "ca"])
def test_what_opens_locks_is_not_kept_where_installed_systems_can_write(name: str) -> None:
    kept = Kept()
    person = Person(kept)
    value = {"lock": "own", "shell": "unscanned", "password": "$1$a$b"}.get(name, "1")
    outcome = person.set(name, value)
    assert kept.values == {}
    assert not outcome.place
    assert "weakens protection: set it in the image's /etc/petipy.toml or" in outcome.remark


@pytest.mark.parametrize(
    ("name", "text"), [("timeout", "soon"), ("colour", "1"), ("started", "x"), ("order", "a\nb")]
)
def test_a_wrong_value_or_name_is_refused_before_anything_changes(name: str, text: str) -> None:
    person = Person(Kept({"timeout": "3"}))
    before = person.settings
    with pytest.raises(ValueError, match=r"takes|there is no setting|character"):
        person.set(name, text)
    assert person.settings is before


def test_a_secret_is_never_repeated() -> None:
    person = Person(Kept())
    person.set("password", "$1$a$b", keep=False)
    assert person.settings.password == "$1$a$b"
    with pytest.raises(ValueError, match=r"^password takes HASH$"):
        person.set("password", "hunter2")


def test_overrides_outrank_what_is_kept_and_stay_when_a_setting_changes() -> None:
    person = Person(Kept({"interfaces": "ip=eth0:on", "timeout": "4"}))
    person.configuration.overrides = (Statement("interfaces", "ip=off", "service processor"),)
    assert str(person.set("timeout", "7")) == "saved in NVRAM"
    assert person.settings.interfaces.text == "ip=off"
    assert person.settings.place("interfaces") == "service processor: interfaces"
    person = Person(Kept(), 'petipy.interfaces="ip=eth1:on"')
    person.configuration.overrides = (Statement("interfaces", "ip=off", "service processor"),)
    person.set("timeout", "7")
    assert person.settings.interfaces.text == "ip=eth1:on"
