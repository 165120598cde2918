import math
from pathlib import Path

from parsers.api import DIALECTS
from parsers.formats import formats
from petipy.settings import table


def test_settings_are_read_from_among_the_kernels_own_words() -> None:
    got = table.read("console=hvc0 petipy.timeout=2.5 petipy.consoles=hvc1,/dev/ttyS0 quiet")
    assert got.timeout == 2.5
    assert got.consoles == ("hvc1", "ttyS0")
    assert not got.trace
    assert not got.complaints


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [s.name for s in table.SETTINGS if f"| `petipy.{s.name}" not in readme] == []


def test_never_is_for_ever_and_the_last_one_counts() -> None:
    assert table.read("petipy.timeout=3 petipy.timeout=never").timeout == math.inf


def test_a_flag_stands_alone_or_with_a_digit() -> None:
    assert table.read("petipy.trace").trace
    assert not table.read("petipy.trace petipy.trace=0").trace
    assert table.read("").boot_image
    assert not table.read("petipy.boot_image=0").boot_image


def test_the_dialect_of_grub_can_be_forced_to_one_that_there_is() -> None:
    assert table.read("").dialect == ""
    assert table.read("petipy.dialect=fedora").dialect == "fedora"
    assert list(DIALECTS) == [d.name for form in formats() for d in form.dialects]
    assert table.read("petipy.dialect=plan9").complaints == (
        "petipy.dialect takes debian|fedora, not 'plan9'",
    )


def test_what_is_not_understood_is_complained_about_and_nothing_else_is_lost() -> None:
    got = table.read('x="petipy.debug inside" petipy.timeout=soon petipy.colour=red petipy.debug')
    assert got.timeout is None
    assert got.debug
    assert got.complaints == (
        "petipy.timeout takes SECONDS|never, not 'soon'",
        "unknown setting petipy.colour on the kernel command line",
    )
