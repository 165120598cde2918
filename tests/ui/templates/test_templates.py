"""Each template is a text of the room that makes it, and a console shows its translation."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.places import volumes
from parsers.places.lease import WORDS
from petipy import inventory
from petipy.kexec.image import NotAKernel, identify
from petipy.network import states
from petipy.network.interfaces import Interface
from petipy.network.states import Answers
from petipy.settings.configuration import Configuration
from petipy.state.access import find_shell_locks
from petipy.state.model import Choice, Snapshot, Source
from petipy.state.network import Link
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.outline import Outline
from petipy.ui.screens import network
from petipy.ui.templates import TEMPLATES
from petipy.ui.templates.matching import Table, Template
from petipy.ui.translator import Translator
from tests.effort import at_most
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice
from tests.ui.templates.rooms import read_shapes, strip


def in_german(letters: Letters = ASCII) -> Translator:
    translator = Translator(letters)
    assert translator.use("de")
    return translator


def in_menu(translator: Translator, *choices: Choice, sources: tuple[Source, ...] = ()) -> Outline:
    return Outline(Snapshot(choices=choices, sources=sources), translator=translator)


# Templates of texts that only a run puts together.
RUN: dict[str, Callable[[], str]] = {
    "the image's {file} or the kernel command line": lambda: refuse("ca").partition("set it in ")[2]
}


def refuse(setting: str) -> str:
    return Configuration(lambda _: None).refuse(setting, keep=True)


def test_each_template_has_the_words_of_a_room() -> None:
    shapes = read_shapes()
    others = [text for text in TEMPLATES if strip(text) not in shapes]
    assert others == [*RUN], "no room says this"
    assert all(Template(text).match(make()) for text, make in RUN.items())


def test_no_template_is_there_twice() -> None:
    assert len({*TEMPLATES}) == len(TEMPLATES)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no cable", "kein Kabel"),
        ("Debian did not boot: no cable", "Debian ist nicht gestartet: kein Kabel"),
        ("vda2: no answer; asking again", "vda2: keine Antwort; es wird neu gefragt"),
        ("no cable (3 times)", "kein Kabel (3-mal)"),
        ("waits for the device vda2", "wartet auf das Geraet vda2"),
        ("it starts a thing, which Linux cannot start", "er startet a thing; das kann Linux nicht"),
        ("", ""),
        ("nobody wrote this", "nobody wrote this"),
        ("nobody wrote this: no cable", "nobody wrote this: kein Kabel"),
        ("{0} did not boot: {reason}", "{0} ist nicht gestartet: {reason}"),
    ],
)
def test_a_text_is_translated_with_its_parts(text: str, shown: str) -> None:
    assert in_german().translate(text).startswith(shown)


def test_english_stays_as_it_is_and_reads_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "petipy.ui.templates", None)  # an import would fail
    text = "Debian did not boot: no cable"
    assert Translator(ASCII).translate(text) is text


def test_another_language_translates_anew() -> None:
    translator = in_german()
    assert translator.translate("no cable") == "kein Kabel"
    assert translator.use("fr")
    assert translator.translate("no cable") == "pas de câble".replace("â", "a")
    assert translator.use("en")
    assert translator.translate("no cable") == "no cable"


def test_the_template_with_most_words_counts() -> None:
    table = Table(["{a} b", "no {a} b", "{a} c {b} d"])
    given = ("x b", "no x b", "1 c 2 d", "1 c 2")
    found = [table.translate(text, lambda shape, **_: str(shape)) for text in given]
    assert found == ["{a} b", "no {a} b", "{a} c {b} d", "1 c 2"]


HOSTILE: dict[str, Callable[[int], str]] = {
    "colons": lambda size: ": " * (size // 2),
    "semicolons": lambda size: "; " * (size // 2),
    "both": lambda size: "a; b: " * (size // 6),
    "a template": lambda size: "x did not boot: " * (size // 16),
    "almost one": lambda size: " take MB is cut off: bytes " * (size // 27),
    "one letter": lambda size: "a" * size,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("size", [4000, 10_000])
def test_a_hostile_text_takes_no_time(make: Callable[[int], str], size: int) -> None:
    """The calls do not grow with the text: it is compared with each template a few times."""
    translator, text = in_german(), make(size)
    translator.translate("no cable")  # the templates are read
    with at_most(200 * len(TEMPLATES)):
        translator.translate(text)


def test_what_is_kept_has_a_limit() -> None:
    translator = in_german()
    for number in range(2000):
        assert translator.translate(f"there is no host h{number}").endswith("gibt es nicht")
    assert len(translator._translated) <= 500


def test_hostile_letters_are_cells_as_everywhere() -> None:
    hostile = choice("x", waits_for="the device \x1b[31m\u0645{}")
    row = in_menu(in_german(Letters(None)), hostile).row(1)
    assert row.obstacle == "wartet auf das Gerät ?[31m?{}"


def test_a_menu_has_reasons_in_its_language() -> None:
    entries = [choice("a", missing=("(vda2)/vmlinux",)), choice("b", kernel=None), choice("")]
    entries.append(choice("c", action="reboot", unbootable="it restarts the machine"))
    sources = (Source(name="sdb1", state="failed", reason=os.strerror(errno.EIO)),)
    outline = in_menu(in_german(), *entries, sources=sources)
    rows = [outline.row(at) for at in range(outline.reach())]
    assert [row.obstacle for row in rows if row.kind == "entry"] == [
        *("es fehlt: (vda2)/vmlinux", "er nennt keinen Kernel", "", "")
    ]
    assert "(kein Titel)" in [row.text for row in rows]
    assert [row.note for row in rows if row.note] == ["gescheitert: Ein-/Ausgabefehler"]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("UUID=12", "das Dateisystem mit UUID 12"),
        ("LABEL=root", "das Dateisystem mit Label root"),
        ("PARTUUID=12", "die Partition mit UUID 12"),
        ("PARTLABEL=a", "die Partition mit Label a"),
        ("/pci/disk", "das Geraet /pci/disk der Firmware"),
        ("vda2:/a.iso", "die Datei /a.iso auf dem Geraet vda2"),
        ("/dev/vda2", "das Geraet vda2"),
    ],
)
def test_a_device_that_is_missing_has_a_name_in_each_language(spec: str, shown: str) -> None:
    assert in_german().translate(volumes.describe(spec)) == shown


LINK = Link(index=2, name="eth0", mac="52:54:00:12:34:56", carrier=True)


@pytest.mark.parametrize(
    ("link", "answers", "seconds", "shown"),
    [
        (replace(LINK, carrier=False), Answers(), 1, "kein Kabel"),
        (LINK, Answers(), 5, "fragt nach einer Adresse, 5 s"),
        (LINK, Answers(), 40, "seit 40 s keine Antwort auf DHCP; es wird weiter gefragt"),
        (LINK, Answers(offer="10.0.0.1"), 5, "10.0.0.1 bietet eine Adresse; wird abgewartet, 5 s"),
        (LINK, Answers(method="ignore"), 5, "laut Einstellungen unberuehrt"),
    ],
)
def test_a_network_says_in_each_language_what_it_does(
    link: Link, answers: Answers, seconds: float, shown: str
) -> None:
    _, reason = states.describe(Interface(link=link, up=True), answers, seconds)
    assert in_german().translate(reason) == shown


def test_a_lock_has_its_reason_in_each_language() -> None:
    lost = Source(name="sda1", state="failed", reason="no answer in time", given_up=True)
    snapshot = Snapshot(settled=True, sources=(lost,), unread=(lost,))
    shown = [in_german().translate(lock.reason) for lock in find_shell_locks(snapshot)]
    assert shown[0].startswith("sda1: keine Antwort in der Zeit. Vielleicht ist ein Passwort")
    waiting = find_shell_locks(replace(snapshot, unread=(), settled=False))
    assert in_german().translate(waiting[0].reason).startswith("Noch sind nicht alle Datentraeger")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", "die Datei ist leer"),
        (b"070701", "kein Kernel, sondern ein cpio-Archiv (eine Initrd?)"),
        (bytes(99), "kein Kernel: Am Anfang stehen nur Nullen (ein beschaedigtes Dateisystem?)"),
    ],
)
def test_what_is_no_kernel_is_named_in_each_language(content: bytes, shown: str) -> None:
    with pytest.raises(NotAKernel) as refused:
        identify(content, len(content))
    assert in_german().translate(str(refused.value)) == shown


def test_the_settings_say_in_each_language_why_they_are_not_kept() -> None:
    shown = in_german().translate(refuse("ca"))
    assert shown.startswith("was die Maschine speichert, kann jedes installierte System schreiben")
    assert shown.endswith("des Images oder der Kernel-Befehlszeile")
    assert (
        in_german().translate(refuse("timeout")) == "diese Maschine speichert keine Einstellungen"
    )


def test_the_system_information_is_in_the_language(tmp_path: Path) -> None:
    """Each label has a template; the words of a device are a list."""
    block = tmp_path / "sys/class/block/sr0"
    block.mkdir(parents=True)
    (block / "removable").write_text("1\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 8 kB\nMemAvailable: 4 kB\n")
    (tmp_path / "proc/consoles").write_text("hvc0 -W- (EC p) 229:0\n")
    machine = Machine()
    machine.parts = inventory.read(Snapshot(), str(tmp_path))
    names = {name for part in machine.parts for name, _ in part.facts} | {
        part.title for part in machine.parts
    }
    assert names - {*TEMPLATES} == {"Petipy", "TPM", "hvc0", "sr0"}
    driver = Driver(machine, (80, 60))
    driver.press("I", "L", "d", "enter")
    for line in ("Fuer Linux:", "Frei:", "kein Medium, wechselbar", "hvc0:          Ausgabe"):
        assert line in driver.text
    assert "Secure boot" not in driver.text


def test_a_number_is_a_number() -> None:
    assert in_german().translate("2 of 4") == "2 von 4"
    assert in_german().translate("the end of it") == "the end of it"
    assert in_german().translate("x (all times)") == "x (all times)"


def test_each_word_of_a_lease_has_its_template() -> None:
    shown = {name for word, name in WORDS.items() if word not in network.TOLD}
    assert shown - {*TEMPLATES} == {"VLAN", "log servers"}
