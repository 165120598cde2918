"""The commands that ask the firmware: SMBIOS, EFI variables, the time."""

import pytest

from parsers.api import UNKNOWN, Firmware
from tests.fakes import Machine
from tests.parsers.formats.grub.runs import CONFIG, printed, problems

NOON = 1_700_000_000  # a Tuesday
# Two structures and the end: a system (type 1, handle 256), a board (type 2).
UUID = bytes.fromhex("33221100554477668899aabbccddeeff")
SMBIOS = (
    b"\x01\x1b\x00\x01\x01\x02\x00\x03" + UUID + b"\x06\x00\x00QEMU\0pc-q35\0\0"
    b"\x02\x08\x01\x02\x01\xff\x34\x12Board\0\0"
    b"\x7f\x04\x02\x7f\0\0"
)
GUID = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
EFI = Firmware(
    variables={
        "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": b"\1",
        f"LoaderEntryDefault-{GUID}": "a.conf\0".encode("utf-16-le"),
    },
    smbios=SMBIOS,
    clock=NOON,
)


def said(script: str, machine: str = "x86_64", firmware: Firmware = EFI) -> list[str]:
    host = Machine({"sda1": {CONFIG: script}}, machine=machine, firmware=firmware)
    return printed(host.files("sda1")).splitlines()


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("--type 1 --get-string 4", "QEMU"),
        ("-t 1 -s 5", "pc-q35"),
        ("-t 0x1 --get-uuid 8", "00112233-4455-6677-8899-aabbccddeeff"),
        ("-s 4 -m 2", "Board"),
        ("-h 513 -s 4", "Board"),
        ("--handle=513 -b 5", "255"),
        ("-t 2 -w 6", "4660"),
        ("-t 2 -d 4", "305463041"),
        ("-t 3 -s 4", "error: no structure matched the given options."),
        ("-t 1 -s 6", "error: failed to retrieve the structure field."),
        ("-t 2 -u 4", "error: the field ends outside the structure."),
        ("-t 2 -b 8", "error: the given offset is outside the structure."),
        ("-t 1", "error: one of the --get options is required."),
        ("-t 1 -s 4 -b 4", "error: only one --get option is usable at a time."),
        ("-m 0 -s 4", "error: the match must be a positive integer."),
    ],
)
def test_smbios_reads_a_field(words: str, value: str) -> None:
    assert said(f"smbios {words}") == [value]


def test_smbios_may_leave_out_what_linux_leaves_out() -> None:
    data = SMBIOS.replace(b"QEMU", b"Q M:U", 1)
    assert said("smbios -t 1 -s 4 --linux", firmware=Firmware(smbios=data)) == ["QMU"]


def test_the_device_tree_tells_what_the_machine_is() -> None:
    script = "fdtdump --prop compatible --set v\necho $v\nfdtdump -p model\necho $?"
    host = Machine({"sda1": {CONFIG: script}}, machine="aarch64", compatible=("acme,a", "acme,b"))
    failed = "error: failed to retrieve the prop field."
    assert printed(host.files("sda1")).splitlines() == ["acme,a", failed, "11"]
    assert said("fdtdump -p compatible", "ppc64le") == ["error: can't find command `fdtdump'."]
    assert said("fdtdump -p compatible") == ["error: No device tree found."]


def test_smbios_sets_a_variable_and_its_failure_leaves_it() -> None:
    script = "smbios -t 1 -s 4 --set v\nsmbios -t 9 -s 4 --set v\necho $? $v"
    assert said(script)[-1] == "29 QEMU"


@pytest.mark.parametrize(
    "data", [b"\1", b"\1\3\0\0", b"\1\xff\0\0abc", b"\1\4\0\0a", b"\1\5\0\0\1", b"\1\5\0\0\1\0"]
)
def test_broken_structures_end_the_table(data: bytes) -> None:
    (line,) = said("smbios -s 4", firmware=Firmware(smbios=data))
    assert line.startswith("error: ") or line == "abc"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("SecureBoot v", "01"),
        ("--type uint8 SecureBoot v", "1"),
        (f"-g {GUID} -t wstring LoaderEntryDefault v", "a.conf"),
        (f"-g {GUID.upper()} -t string LoaderEntryDefault v", "a"),
        ("Nothing v", "error: No such variable."),
        ("-t octal SecureBoot v", "error: invalid EFI variable type."),
        ("-g 4a67 SecureBoot v", "error: invalid GUID."),
        ("SecureBoot", "error: unexpected arguments."),
    ],
)
def test_getenv_reads_a_variable_of_efis(words: str, value: str) -> None:
    assert said(f"getenv {words}\nif [ -n '' -o -n \"$v\" ]; then echo $v; fi")[0] == value


@pytest.mark.parametrize(("machine", "answers"), [("x86_64", "0 0"), ("i386", "1 0")])
def test_cpuid_tells_what_a_pcs_processor_can(machine: str, answers: str) -> None:
    assert said("cpuid -l\na=$?\ncpuid --pae\necho $a $?", machine) == [answers]


def test_open_firmwares_grub_does_not_know_them_and_goes_on() -> None:
    script = "smbios -t 1 -s 4\necho $?\ncpuid -l\nif getenv SecureBoot v; then echo then; fi"
    assert said(script, "ppc64le", UNKNOWN) == [
        *("error: can't find command `smbios'.", "0"),
        "error: can't find command `cpuid'.",
        *("error: can't find command `getenv'.", "then"),
    ]
    host = Machine({"sda1": {CONFIG: script}}, machine="ppc64le")
    assert problems(host.files("sda1")) == []


def test_the_time_is_told_and_kept_in_variables_for_who_loads_the_module() -> None:
    script = "date\necho [$HOUR]\ninsmod datehook\necho $YEAR $MONTH $DAY $WEEKDAY\n"
    script += "echo $HOUR:$MINUTE:$SECOND\nif [ $HOUR -ge 22 ]; then echo night; fi"
    assert said(script) == [
        *("2023-11-14 22:13:20 Tuesday", "[]", "2023 11 14 Tuesday", "22:13:20", "night"),
    ]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        *(("1-2", "0"), ("2020-1-31 23:59:59", "0"), ("3:4", "0")),
        *(("5", "18"), ("''", "18"), ("2020-13-01", "18"), ("1979-1-1", "18")),
        *(("10:11:12:13", "18"), ("12:61", "18"), ("noon", "18")),
    ],
)
def test_a_date_that_is_to_be_set_is_checked_and_left(words: str, status: str) -> None:
    assert said(f"date {words}\necho $?\ndate")[-2:] == [status, "2023-11-14 22:13:20 Tuesday"]


def test_the_variables_of_time_are_seen_in_submenus() -> None:
    script = "insmod datehook\nsubmenu S { menuentry E$DAY { linux /k }\necho $DAY\n}"
    assert said(script) == ["14"]


def test_a_clock_that_is_not_there_is_told_of() -> None:
    script = "insmod datehook\necho $? [$HOUR]\ndate\necho $?"
    host = Machine({"sda1": {CONFIG: script}}).files("sda1")
    assert printed(host).splitlines() == [
        *("0 []", "error: what time it is is not known here.", "29"),
    ]
    assert problems(host) == [(1, "what time it is is not known here")]
