"""Each layer of settings is read, and a bad statement costs only itself."""

import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.control.passwords import fits_hash
from petipy.settings.storage import load
from petipy.settings.table import SETTINGS
from petipy.state.settings import Settings
from tests.fakes import Kept

NOWHERE = "/nonexistent/petipy.toml"


def read_command_line(cmdline: str) -> Settings:
    return load(cmdline, NOWHERE)


def read_image(room: Path, text: str, cmdline: str = "") -> Settings:
    path = room / "petipy.toml"
    path.write_text(text)
    return load(cmdline, str(path))


def test_settings_are_read_from_among_the_kernels_own_words() -> None:
    got = read_command_line("console=hvc0 petipy.timeout=2.5 petipy.consoles=hvc1,/dev/ttyS0 quiet")
    assert got.timeout == 2.5
    assert got.consoles == ("hvc1", "ttyS0")
    assert not got.trace
    assert not got.complaints


def test_of_a_setting_given_twice_the_last_one_counts() -> None:
    assert read_command_line("petipy.timeout=3 petipy.timeout=never").timeout == math.inf


def test_a_flag_stands_alone_or_with_a_digit() -> None:
    assert read_command_line("petipy.trace").trace
    assert not read_command_line("petipy.trace petipy.trace=0").trace
    assert read_command_line("").boot_image
    assert not read_command_line("petipy.boot_image=0").boot_image


def test_the_dialect_of_grub_can_be_forced_to_one_that_there_is() -> None:
    assert read_command_line("").dialect == ""
    assert read_command_line("petipy.dialect=fedora").dialect == "fedora"
    assert read_command_line("petipy.dialect=plan9").complaints == (
        "kernel command line: petipy.dialect takes "
        "debian|fedora|rhel-8|rhel-9|upstream-2.06|upstream-2.12|upstream-2.14|suse|nixos,"
        " not 'plan9'",
    )


def test_a_password_that_is_no_hash_locks_all_the_same_and_is_not_repeated() -> None:
    got = read_command_line("petipy.password=hunter2")
    assert got.password
    assert not fits_hash(got.password, b"hunter2")
    assert got.complaints == ("kernel command line: petipy.password takes HASH, not this",)
    assert read_command_line("petipy.password=$1$a$b petipy.password=oops").password == "$1$a$b"
    assert read_command_line("petipy.password=$1$a$b petipy.password=").password == ""


@pytest.mark.parametrize(
    "line",
    [
        "password = $6$salt$hash",
        'password = "$6$salt$hash',
        'petipy.password = "$6$salt$hash"',
        '"password" = "$6$salt$hash"',
        "password: $6$salt$hash",
    ],
)
def test_a_bad_line_that_was_to_set_a_password_locks_all_the_same(
    tmp_path: Path, line: str
) -> None:
    got = read_image(tmp_path, f"{line}\ntimeout = 5\n")
    assert got.password == "!"
    assert got.timeout == 5
    assert len(got.complaints) == 1
    assert read_image(tmp_path, f'password = "$1$a$b"\n{line}\n').password == "$1$a$b"


def test_a_machine_cannot_say_that_a_shell_opens_unscanned() -> None:
    got = load("", NOWHERE, Kept({"shell": "unscanned", "lock": "nonsense"}))
    assert (got.shell, got.lock) == ("scanned", "machine")
    assert len(got.complaints) == 2


def test_a_statement_that_is_not_understood_is_named_and_nothing_else_is_lost() -> None:
    got = read_command_line(
        'x="petipy.debug inside" petipy.timeout=soon petipy.colour=red petipy.debug'
    )
    assert got.timeout is None
    assert got.debug
    assert got.complaints == (
        "kernel command line: petipy.timeout takes SECONDS|never, not 'soon'",
        "kernel command line: unknown setting petipy.colour",
    )


FILE = """\
# how this machine room boots
timeout = "never"   # a person chooses

consoles = [ "hvc1", '/dev/ttyS0' ]
debug = true
boot_image=false
dialect = 'fedora'
show_foreign = 1
"""


def test_the_image_may_hold_a_file_of_settings(tmp_path: Path) -> None:
    got = read_image(tmp_path, FILE)
    assert got.complaints == ()
    assert (got.timeout, got.consoles, got.dialect) == (math.inf, ("hvc1", "ttyS0"), "fedora")
    assert (got.debug, got.boot_image, got.show_foreign) == (True, False, True)


def test_the_images_file_is_toml() -> None:
    assert tomllib.loads(FILE)["consoles"] == ["hvc1", "/dev/ttyS0"]


def test_a_bad_line_of_the_file_is_named_and_costs_only_itself(tmp_path: Path) -> None:
    lines = ["timeout = soon", "timeout = 'soon'", "colour = 3", "debug", "[table]", "debug = true"]
    got = read_image(tmp_path, "\n".join(lines))
    path = tmp_path / "petipy.toml"
    like = 'not a line like timeout = 5 or timeout = "never"'
    assert got.debug
    assert got.complaints == (
        f"{path}:1: {like}",
        f"{path}:2: timeout takes SECONDS|never, not 'soon'",
        f"{path}:3: unknown setting colour",
        f"{path}:4: {like}",
        f"{path}:5: {like}",
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert load("", str(tmp_path)).complaints == (f"{tmp_path}: Is a directory",)


def test_the_stronger_layer_counts_and_each_value_knows_its_own(tmp_path: Path) -> None:
    (tmp_path / "petipy.toml").write_text("timeout = 1\ndebug = true\ndialect = 'fedora'\n")
    kept = Kept({"timeout": "2", "show_foreign": ""})
    got = load("petipy.timeout=3", str(tmp_path / "petipy.toml"), kept)
    assert (got.timeout, got.debug, got.show_foreign) == (3, True, True)
    layers = {setting.name: got.layer(setting.name) for setting in SETTINGS}
    assert {name: layer for name, layer in layers.items() if layer != "built in"} == {
        "timeout": "command line",
        "dialect": "image",
        "show_foreign": "machine",
        "debug": "image",
    }


def test_words_of_the_command_line_and_its_setting_of_interfaces_both_count() -> None:
    words = 'petipy.interfaces="vlan=eth0.5:eth0 ip=eth0:off" ip=eth0.5:dhcp'
    got = read_command_line(f"petipy.interfaces=ip=dhcp6 {words}").interfaces
    assert got.text == "vlan=eth0.5:eth0 ip=eth0:off ip=eth0.5:dhcp"
    assert [setup.name for setup in got.interfaces] == ["eth0.5", "eth0"]


def test_what_pxelinux_appends_does_not_undo_the_images_interfaces(tmp_path: Path) -> None:
    file = 'interfaces = "bond=bond0:eth0,eth1 ip=bond0:dhcp"\n'
    boot = "BOOTIF=01-52-54-00-12-34-56"
    got = read_image(tmp_path, file, f"quiet {boot}").interfaces
    assert [setup.name for setup in got.interfaces] == ["bond0"]
    assert read_image(tmp_path, file, f"ip=dhcp {boot}").interfaces.text == f"ip=dhcp {boot}"
    assert read_image(tmp_path, file, "petipy.interfaces=").interfaces.text == ""


def test_a_wrong_value_leaves_the_weaker_layers_value(tmp_path: Path) -> None:
    got = read_image(tmp_path, "timeout = 7\n", "petipy.timeout=soon")
    assert (got.timeout, got.layer("timeout")) == (7, "image")


def test_a_setting_that_a_machine_does_not_keep_is_refused_there() -> None:
    got = load("", NOWHERE, Kept({"trace": "1", "debug": "1"}))
    assert got.debug
    assert not got.trace
    assert got.complaints == ("NVRAM: trace cannot be set there",)


def test_a_machine_that_cannot_give_its_settings_costs_only_them() -> None:
    got = load("petipy.debug", NOWHERE, Kept({"timeout": "4"}, unreadable=True))
    assert (got.timeout, got.debug) == (4, True)
    assert got.complaints == ("NVRAM: Input/output error",)


def test_a_machine_cannot_flood_the_log() -> None:
    got = load("", NOWHERE, Kept({f"x{number}": "y" for number in range(500)}))
    assert len(got.complaints) == 201
    assert got.complaints[-1] == "NVRAM: there are more than 200 settings"
    (complaint,) = load("", NOWHERE, Kept({"timeout": "x" * 5000})).complaints
    assert len(complaint) < 300


@given(st.text(max_size=60))
def test_any_text_is_settings_or_complaints(text: str) -> None:
    for words in (text, f"petipy.{text}", f"petipy.timeout={text}"):
        assert isinstance(read_command_line(words), Settings)


@given(
    st.lists(st.sampled_from(["timeout", "x", "=", '"', "'", "[", "]", ",", "#", "5", " ", "\n"]))
)
def test_any_file_is_settings_or_complaints(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    got = read_image(tmp_path_factory.getbasetemp(), "".join(pieces))
    assert isinstance(got, Settings)
