"""The table of the settings agrees with the type of their values and with what it feeds."""

import math
from dataclasses import fields
from pathlib import Path

import pytest

from parsers.api import DIALECTS
from parsers.formats import formats
from petipy.settings import readme
from petipy.settings.table import BY_NAME, SETTINGS, Setting
from petipy.state.settings import OWN, Settings

README = Path(__file__).parents[2] / "README.md"
SAMPLES = {
    "timeout": ("0", "2.5", "never"),
    "entry": ("", "1f-2:/boot/grub/grub.cfg#Advanced>Debian, with Linux *", "A>B"),
    "next": ("", "A>B"),
    "ssh_key": ("", "new"),
    "store": ("", "UUID=1234-ABCD:/petipy.toml", "LABEL=a b:/x/y"),
    "order": ("", "network:60s,any", "Debian GNU/Linux\\, with Linux 6.1:5s,disk"),
    "flap": ("", "3:600s"),
    "boots": ("", "1a@1700000000,2b@1700000060"),
    "color": ("auto", "never", "always"),
    "encoding": ("ascii", "utf-8"),
    "glyphs": ("auto", "ascii", "unicode", "vga"),
    "language": ("en", "de", "pt_BR"),
    "keymap": ("", "de-nodeadkeys", "us(intl)"),
    "panic": ("", "10"),
    "watchdog": ("", "120"),
    "resume": ("0", "300", "never"),
    "on_failure": ("retry", "menu", "reboot", "poweroff"),
    "ui": ("screen", "line"),
    "consoles": ("", "hvc1,ttyS0"),
    "dialect": ("debian", "fedora", "upstream-2.14"),
    "started": ("", "1f-2%3A/boot/grub/grub.cfg%23A%20%22B%22%3E%FF", "%C3%A4"),
    "lock": ("machine", "own"),
    "password": ("", "$6$salt$hash", "grub.pbkdf2.sha512.10000.AB.CD"),
    "machine_password": ("", "$6$salt$hash"),
    "ca": ("", "/etc/ca.pem,https://192.0.2.1/ca.pem#sha256=0123"),
    "pin": ("", f"{'ab' * 32},{'cd' * 32}"),
    "proxy": ("", "http://192.0.2.1:3128", "proxy:3128"),
    "shell": ("scanned", "unscanned"),
    "interfaces": ("", "ip=eth0:dhcp vlan=eth0.5:eth0"),
    "dhcp_arch": ("", "00", "0C", "1F"),
    "dhcp_class": ("", "HTTPClient", "a b"),
    **dict.fromkeys(OWN, ("", "Debian-1a2b3c4d|Mine", "x|%C3%A4 %7C|kernel=/k|initrd=|words=")),
}


def test_every_setting_has_a_row_and_a_value() -> None:
    values = {field.name for field in fields(Settings)} - {"origins", "complaints", "notes"}
    assert {setting.name for setting in SETTINGS} == values


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_written_value_reads_back_the_same(setting: Setting) -> None:
    for text in SAMPLES.get(setting.name, ("0", "1")):
        value = setting.type.read(text)
        assert setting.type.write(value) == text
        assert setting.type.read(setting.type.write(value)) == value
    if setting.default not in (None, ""):
        assert setting.type.read(setting.type.write(setting.default)) == setting.default


def test_a_setting_is_shown_as_it_is_typed() -> None:
    assert BY_NAME["timeout"].usage == "petipy.timeout=SECONDS|never"
    assert BY_NAME["debug"].usage == "petipy.debug[=0|1]"


def test_seconds_are_finite_and_not_negative_and_never_is_for_ever() -> None:
    read = BY_NAME["timeout"].type.read
    assert read("never") == math.inf
    for text in ("-1", "inf", "nan", "1e300", "soon", ""):
        with pytest.raises(ValueError, match=r".*"):
            read(text)


def test_a_pin_is_a_sum_and_a_proxy_is_reached_by_http() -> None:
    read = BY_NAME["pin"].type.read
    assert read("AB:" * 31 + "AB") == ("ab" * 32,)
    for text in ("ab", "zz" * 32, "ab" * 32 + ",x"):
        with pytest.raises(ValueError, match=r".*"):
            read(text)
    with pytest.raises(ValueError, match=r".*"):
        BY_NAME["proxy"].type.read("https://proxy:3128")


def test_the_dialects_are_those_of_the_grub_parser() -> None:
    assert list(DIALECTS) == [d.name for form in formats() for d in form.dialects]


def test_the_table_in_the_readme_is_the_generated_one(request: pytest.FixtureRequest) -> None:
    wanted = readme.update(README.read_text())
    if request.config.getoption("--update-golden"):
        README.write_text(wanted)
    assert README.read_text() == wanted, "pytest --update-golden tests/settings writes it"


def test_a_readme_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the settings"):
        readme.update("# Petipy\n")
