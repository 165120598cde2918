"""Settings are kept in NVRAM and read back, Petitboot's among them."""

import asyncio
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.binary import nvram
from petipy.settings.nvram import Nvram
from petipy.settings.petitboot import translate
from petipy.settings.storage import load
from petipy.settings.table import BY_NAME
from petipy.state.settings import Settings
from tests.parsers.binary.nvram import BLANK, SIZE, Device, make, prom_env, skiboot, slof

NOWHERE = "/nonexistent/petipy.toml"


def read(path: Path, image: bytes, *, under_slof: bool = False, cmdline: str = "") -> Settings:
    path = path / "nvram"
    path.write_bytes(image)
    return load(cmdline, NOWHERE, Nvram(str(path), slof=under_slof))


def show(settings: Settings, name: str) -> str:
    return BY_NAME[name].show(settings)


def write(path: Path, name: str, text: str | None) -> None:
    asyncio.run(Nvram(str(path)).write(name, text))


def test_a_host_gives_settings_by_prom_env(tmp_path: Path) -> None:
    got = read(tmp_path, prom_env("petipy,timeout=3"))
    assert (got.timeout, got.layer("timeout")) == (3, "machine")
    assert got.place("timeout") == "NVRAM system: petipy,timeout"
    assert read(tmp_path, prom_env("petipy,timeout=3"), cmdline="petipy.timeout=4").timeout == 4


@pytest.mark.parametrize("image", [BLANK, slof(), skiboot(), prom_env("petipy,timeout=3")])
def test_what_is_written_is_read_and_can_be_taken_back(tmp_path: Path, image: bytes) -> None:
    before = read(tmp_path, image).timeout
    write(tmp_path / "nvram", "timeout", "7.5")
    kept = (tmp_path / "nvram").read_bytes()
    got = read(tmp_path, kept)
    assert (got.timeout, got.place("timeout")) == (7.5, "NVRAM common: petipy,timeout")
    write(tmp_path / "nvram", "timeout", None)
    assert read(tmp_path, (tmp_path / "nvram").read_bytes()).timeout == before


def test_a_wrong_value_is_named_and_costs_only_itself(tmp_path: Path) -> None:
    got = read(tmp_path, slof("petipy,timeout=soon", "petipy,colour=red", "petipy,debug="))
    assert got.complaints == (
        "NVRAM common: petipy,timeout takes SECONDS|never, not 'soon'",
        "NVRAM common: unknown setting petipy,colour",
    )
    assert got.timeout is None


def test_nvram_opens_no_lock(tmp_path: Path) -> None:
    entries = ("petipy,password=$1$a$b", "petipy,boot_restricted=1", "petipy,shell=unscanned")
    got = read(tmp_path, slof(*entries, "petipy,lock=own", "petipy,insecure=1", "petipy,pin=x"))
    assert not got.origins
    assert len(got.complaints) == 6


def test_the_order_and_time_of_petitboot_are_taken_over(tmp_path: Path) -> None:
    orders = "petitboot,bootdevs=uuid:1F-2 mac:52:54:00:12:34:56 network disk encrypted any "
    got = read(tmp_path, skiboot("petitboot,timeout=20", orders))
    assert got.timeout == 20
    assert show(got, "order") == "1F-2,52:54:00:12:34:56,network,disk,any"
    assert got.place("order") == "NVRAM common: petitboot,bootdevs"
    wrong = "petitboot,bootdevs: 'encrypted' is no device that Petipy boots from"
    assert got.complaints == (f"NVRAM common: {wrong}",)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(
            ("-1", math.inf),
            ("4294967295", math.inf),
            ("9" * 400, math.inf),
            ("2147483646", math.inf),
        ),
        *(("0", 0), ("-0", 0), ("+007s", 7), ("1000", 1000)),
    ],
)
def test_petitboots_time_is_read_as_c_reads_a_number(
    tmp_path: Path, text: str, seconds: float
) -> None:
    got = read(tmp_path, skiboot(f"petitboot,timeout={text}"))
    assert (got.timeout, got.complaints) == (seconds, ())


def test_a_strange_device_of_petitboots_costs_no_other(tmp_path: Path) -> None:
    got = read(tmp_path, skiboot("petitboot,bootdevs=uuid:a,b uuid:\x01 mac: disk"))
    assert [item.name for item in got.order] == ["a,b", "disk"]
    assert len(got.complaints) == 2


@pytest.mark.parametrize("image", [slof("petipy,timeout=3"), skiboot("petipy,timeout=3")])
def test_a_damaged_header_is_named(tmp_path: Path, image: bytes) -> None:
    headers = [partition.offset for partition in nvram.walk(lambda at, n: image[at : at + n], SIZE)]
    for number in (at + n for at in headers for n in range(16)):
        damaged = bytearray(image)
        damaged[number] ^= 0x10
        got = read(tmp_path, bytes(damaged))
        assert [words.partition(":")[0] for words in got.complaints] == ["NVRAM"]
        assert "damaged at byte" in got.complaints[0]


def test_of_two_partitions_with_the_settings_the_one_that_is_written_counts(
    tmp_path: Path,
) -> None:
    first, second = (
        (nvram.SYSTEM, "common", 0x1000, [f"petipy,timeout={seconds}"]) for seconds in (3, 4)
    )
    assert read(tmp_path, make(first, second)).timeout == 3
    write(tmp_path / "nvram", "timeout", "5")
    assert read(tmp_path, (tmp_path / "nvram").read_bytes()).timeout == 5


@pytest.mark.parametrize(
    ("entries", "under_slof", "waits"),
    [
        (["auto-boot?=false"], False, True),
        (["auto-boot?=false"], True, False),
        (["auto-boot?=false", "petitboot,timeout=20"], True, True),
        (["auto-boot?=true", "petitboot,timeout=20"], False, False),
        (["auto-boot?=false", "petipy,timeout=5"], False, False),
    ],
)
def test_auto_boot_is_petitboots_unless_it_is_slofs(
    tmp_path: Path, entries: list[str], under_slof: bool, waits: bool
) -> None:
    got = read(tmp_path, skiboot(*entries), under_slof=under_slof)
    assert (show(got, "timeout") == "never") == waits
    assert not got.complaints


def test_the_interfaces_of_petitboot_are_taken_over(tmp_path: Path) -> None:
    words = [
        "52:54:00:AA:BB:01,dhcp",
        "52:54:00:aa:bb:02,ignore",
        "52:54:00:aa:bb:03,static,192.0.2.7/24,192.0.2.1",
        "52:54:00:aa:bb:04,static,2001:db8::7/64,http://192.0.2.1/a",
        "dns,192.0.2.53,192.0.2.54",
        "eth0",
    ]
    got = read(tmp_path, skiboot(f"petitboot,network={' '.join(words)}"))
    found = {s.mac: (s.name, s.method, s.addresses, s.gateways) for s in got.interfaces.interfaces}
    assert found == {
        "52:54:00:aa:bb:01": ("", "auto", (), ()),
        "52:54:00:aa:bb:02": ("", "ignore", (), ()),
        "52:54:00:aa:bb:03": ("", "static", ("192.0.2.7/24",), ("192.0.2.1",)),
        "52:54:00:aa:bb:04": ("", "static", ("2001:db8::7/64",), ()),
        "": ("", "ignore", (), ()),
    }
    assert got.interfaces.nameservers == ("192.0.2.53", "192.0.2.54")
    assert [words.rpartition(": ")[2] for words in got.complaints] == [
        "http://192.0.2.1/a is not asked by itself; the key O opens it",
        "'eth0' is not understood",
    ]


def test_each_name_of_petitboot_becomes_a_setting_or_says_why_not(tmp_path: Path) -> None:
    names = {
        "petitboot,debug?": "true",
        "petitboot,console": "/dev/hvc1",
        "petitboot,http_proxy": "http://192.0.2.1:3128",
        "petitboot,language": "de_DE.UTF-8",
        "petitboot,write?": "true",
        "petitboot,snapshots?": "false",
        "petitboot,preboot-check": "false",
        "petitboot,timeout": "",
    }
    got = read(tmp_path, skiboot(*(f"{name}={value}" for name, value in names.items())))
    assert (got.debug, got.consoles, got.proxy) == (True, ("hvc1",), "http://192.0.2.1:3128")
    assert got.language == "de_DE"
    assert got.notes[0].startswith("NVRAM common: petitboot,write?: Petipy writes to a disk only")
    assert (len(got.notes), got.complaints) == (3, ())


def test_a_password_of_petitboot_closes_a_lock_even_if_it_is_no_hash(tmp_path: Path) -> None:
    got = read(tmp_path, skiboot("petitboot,password=$6$salt$hash"))
    assert (got.machine_password, got.password) == ("$6$salt$hash", "")
    got = read(tmp_path, skiboot("petitboot,password=hunter2"))
    assert got.machine_password == "!"
    assert got.complaints == ("NVRAM common: petitboot,password takes HASH, not this",)


def test_a_console_that_petitboot_has_found_by_itself_is_not_taken_over(tmp_path: Path) -> None:
    assert not read(tmp_path, skiboot("petitboot,console=/dev/hvc0 [IPMI / Serial]")).origins


@given(
    st.sampled_from(["timeout", "bootdevs", "network", "console", "http_proxy", "debug?"]),
    st.text(max_size=40)
    | st.lists(st.sampled_from(["mac:", ",static", " ", "::1", "/"])).map("".join),
)
def test_any_value_of_petitboot_is_settings_or_complaints(name: str, value: str) -> None:
    for statement in translate([("NVRAM", f"petitboot,{name}", value)]):
        assert not statement.name or statement.name in BY_NAME


def test_an_nvram_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    got = load("", NOWHERE, Nvram(str(tmp_path / "none")))
    assert got.complaints == ("NVRAM, partition common: No such file or directory",)


def test_a_value_that_does_not_fit_says_why(tmp_path: Path) -> None:
    read(tmp_path, slof())
    with pytest.raises(OSError, match="this takes 314 bytes; an entry of NVRAM has 255"):
        write(tmp_path / "nvram", "consoles", "x" * 298)


@pytest.mark.parametrize("image", [BLANK, slof(), prom_env("petipy,timeout=3"), b"?" * 4096])
def test_tools_of_the_booted_system_find_a_list_to_write_to(tmp_path: Path, image: bytes) -> None:
    path = tmp_path / "nvram"
    path.write_bytes(image)
    Nvram(str(path)).prepare()
    after = path.read_bytes()
    assert after == image if image != BLANK else Device(after).entries == {"common": []}
