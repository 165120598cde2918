"""GRUB's commands, one by one."""

import pytest

from parsers.api import FileRef, Volume
from parsers.grub.commands import table
from parsers.grub.dialect import FEDORA
from parsers.grub.options import Options
from parsers.grub.regex import Regex
from tests.parsers.grub_runs import ROOT, echoed, machine, offered, printed, problems

DISKS = (
    Volume(
        name="sda2", uuid="AB-12", label="BOOT", disk="sda", partition=2, scheme="gpt", fs="ext4"
    ),
    Volume(name="sda3", uuid="u3", label="TWIN", disk="sda", partition=3, scheme="gpt"),
    Volume(name="vdb1", uuid="u4", label="TWIN", disk="vdb", partition=1, scheme="msdos"),
    Volume(name="sdc", uuid="u5", label="CD", disk="sdc", fs="iso9660"),
)


def found(script: str) -> list[str]:
    others: dict[str, dict[str, str | bytes]] = {"vdb1": {"/only": ""}, "sda3": {"/both": ""}}
    return printed(machine(script, {"/both": ""}, others, DISKS)).splitlines()


@pytest.mark.parametrize(
    ("words", "true"),
    [
        ("", True),
        ("''", False),
        ("-n", True),
        ("a = a extra", True),
        ("a = b -a b = b -o c = c", True),
        ("a = a -o b = c -a c = d", True),
        ("! ( a = b )", True),
        ("0x10 -eq 16", True),
        ("12a -eq 12", True),
        ("abc12 -pgt abc7", True),
        ("a '<' b", True),
        ("-f /boot/grub/grub.cfg", True),
        ("-d /boot", True),
        ("-e /none", False),
        ("-s /empty", False),
        ("-f (hd0,msdos1)/empty", True),
        ("-f (hd7,9)/empty", False),
        ("/empty -nt /none", True),
    ],
)
def test_what_is_true(words: str, true: bool) -> None:
    script = f"if [ {words} ]; then echo 1; else echo 0; fi"
    assert echoed(script, **{"/empty": ""}) == [str(int(true))]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("--set=v --fs-uuid ab-12", "hd0,gpt2"),
        ("--no-floppy --fs-uuid --set=v --hint-bios=hd0,gpt3 u4", "hd1,msdos1"),
        ("--label TWIN -s v", "hd0,gpt3"),
        ("--label TWIN --set v", "hd0,gpt3"),
        ("--fs-uuid --set v u4", "hd1,msdos1"),
        ("--label TWIN --set=v --hint=hd1,msdos1", "hd1,msdos1"),
        ("--label TWIN --set=v --hint=hd1,", "hd1,msdos1"),
        ("--file /only --set=v", "hd1,msdos1"),
        ("--file /both --set=v", "hd0,gpt3"),
        ("--file /both --set=v --hint-ieee1275=hd0,gpt2", "hd0,gpt2"),
        ("--root-dev-only --label TWIN --set=v", "hd0,gpt3"),
        ("--label CD --set=v", "hd2"),
    ],
)
def test_search_finds_as_grub_does(words: str, name: str) -> None:
    assert found(f"search {words}\necho $v") == [name]


def test_what_only_one_of_the_dialects_has() -> None:
    script = "x=41\nincrement x\necho $? $x\ndecrement x\necho $x\nincrement y\necho $? \\x20a"
    missing = "error: can't find command `{}'.".format
    debian = [missing("increment"), "0 41", missing("decrement"), "41"]
    assert echoed(script) == [*debian, missing("increment"), "0 x20a"]
    assert printed(machine(script), dialect=FEDORA).splitlines() == [
        "0 42",
        "41",
        'error: No such variable "y".',
        r"5 \x20a",
    ]


def test_a_character_in_hex_reaches_red_hats_kernels() -> None:
    files = machine("menuentry A { linux /k LABEL=a\\x20b 'c\\x20d' \"e\\\\f\" }")
    assert offered(files)[0].cmdline == r"BOOT_IMAGE=/k LABEL=ax20b c\\x20d e\\f"
    assert offered(files, dialect=FEDORA)[0].cmdline == r"BOOT_IMAGE=/k LABEL=a\x20b c\x20d e\\f"


def test_search_of_its_own_kind_takes_its_words_in_order() -> None:
    assert found("search.fs_uuid u4 v\nsearch.file /only w hd0,gpt2\necho $v $w") == [
        "hd1,msdos1 hd1,msdos1"
    ]


def test_red_hats_search_may_look_only_where_the_root_is() -> None:
    assert found("v=old\nsearch --root-dev-only --file /only --set=v\necho $v")[1:] == ["old"]
    assert found("search --root-dev-only --file /both --set=v\necho $v") == ["hd0,gpt3"]


def test_search_that_fails_leaves_the_variable_alone() -> None:
    assert found("v=old\nsearch --set=v --fs-uuid none\necho $? $v")[1:] == ["5 old"]


def test_probe_tells_of_a_device() -> None:
    script = "probe -u $root\nprobe --set=l --label (hd1,1)\necho $l\nprobe --fs hd0,gpt2"
    assert found(script) == ["AB-12", "TWIN", "ext2"]


@pytest.mark.parametrize(
    ("device", "volume"),
    [
        ("hd0,gpt2", ""),
        ("hd0,2", ""),
        ("hd5,gpt3", "sda3"),
        ("ieee1275/disk1,msdos1", "vdb1"),
        ("ieee1275//vdevice/v-scsi@71000003/disk@8200000000000000,gpt2", ""),
        ("ieee1275/cdrom", "sdc"),
        ("cd0", "sdc"),
        ("sda3", "sda3"),
    ],
)
def test_a_devices_name_in_the_firmwares_terms_is_found(device: str, volume: str) -> None:
    entry = offered(machine(f"menuentry A {{ linux ({device})/k }}", volumes=DISKS))[0]
    assert entry.kernel == FileRef(path="/k", device=volume)


def test_a_device_that_nothing_fits_keeps_its_name() -> None:
    entry = offered(machine("set root=lvm/vg-root\nmenuentry A { linux /k }"))[0]
    assert entry.kernel == FileRef(path="/k", device="lvm/vg-root")


def test_a_disk_by_its_firmware_path_is_that_disk() -> None:
    path = "/vdevice/v-scsi@71000003/disk@8200000000000000"
    volumes = (*DISKS[:2], Volume(name="sdd2", disk="sdd", partition=2, firmware_path=path))
    script = f"menuentry A {{ linux (ieee1275/{path},gpt2)/k }}"
    kernel = offered(machine(script, volumes=volumes))[0].kernel
    assert kernel == FileRef(path="/k", device="sdd2")


@pytest.mark.parametrize(
    ("words", "cmdline"),
    [
        ("/k a\tb", "BOOT_IMAGE=/k a b"),
        ('/k "dyndbg=file x +p"', 'BOOT_IMAGE=/k "dyndbg=file x +p"'),
        ("/k it\\'s 'a\\b'", "BOOT_IMAGE=/k it\\'s a\\\\b"),
        ("/k '' b", "BOOT_IMAGE=/k  b"),
        ("($root)/k $none", "BOOT_IMAGE=(hd0,msdos1)/k"),
    ],
)
def test_the_command_line_is_grubs_byte_for_byte(words: str, cmdline: str) -> None:
    assert offered(machine(f"menuentry A {{ linux {words}\n}}"))[0].cmdline == cmdline


def test_linux_with_all_it_takes() -> None:
    script = "menuentry A {\n linux /k\n initrd /a ($root)/b\n devicetree /d\n}"
    entry = offered(machine(script))[0]
    assert entry.initrds == (FileRef(path="/a"), FileRef(path="/b"))
    assert entry.devicetree == FileRef(path="/d")


def test_a_file_over_the_network_is_a_url() -> None:
    entry = offered(machine("menuentry A { linux (tftp,10.0.0.1)/k }"))[0]
    assert entry.kernel == FileRef(url="tftp://10.0.0.1/k")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("reboot", "it restarts the machine"),
        ("halt", "it switches the machine off"),
        ("fwsetup", "it opens the firmware's settings"),
        ("exit", "it goes back to the firmware"),
        ("configfile /boot/grub/grub.cfg", "it opens the menu of /boot/grub/grub.cfg"),
        ("chainloader +1", "it starts another boot loader (+1), which Linux cannot start"),
        ("multiboot2 /xen", "it starts a multiboot kernel (/xen), which Linux cannot start"),
    ],
)
def test_what_kexec_cannot_start_says_what_it_is(body: str, why: str) -> None:
    entry = offered(machine(f"menuentry A {{ {body} }}"))[0]
    assert (entry.kernel, entry.unbootable) == (None, why)


def test_save_env_is_an_effect_that_a_load_env_sees() -> None:
    block = "# GRUB Environment Block\na=1\n" + "#" * 200
    script = "load_env\nset a=2\nsave_env a b\nunset a\nload_env\necho $a\nmenuentry A { true }"
    files = machine(script, {"/boot/grub/grubenv": block})
    assert printed(files) == "2\n"
    (effect,) = offered(files)[0].effects
    assert effect.file == FileRef(path="/boot/grub/grubenv")
    assert effect.values == (("a", "2"), ("b", None))


def test_an_environment_block_that_is_not_there_is_a_problem() -> None:
    assert problems(machine("true\nload_env")) == [(2, "file `/boot/grub/grubenv' not found")]


def test_regexp_puts_groups_into_variables() -> None:
    assert echoed("regexp --set 1:a --set 2:b '^(.*)-(.*)$' foo-bar\necho $a $b $?") == [
        "foo bar 0"
    ]
    assert echoed("a=old\nregexp --set=a z abc\necho $a $?") == ["old 1"]


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"\((.*)\)", "x(hd0)y", ["(hd0)", "hd0"]),
        ("^(a|bc)+$", "abca", ["abca", "a"]),
        ("[[:digit:]]{2,3}", "a12345", ["123"]),
        ("[^],]*", "ab,]", ["ab"]),
        ("a{2}(b?)", "aaa", ["aa", ""]),
        ("x", "abc", None),
        ("(a*)*b", "a" * 2000, None),
    ],
)
def test_expressions_match_and_always_end(
    pattern: str, text: str, groups: list[str] | None
) -> None:
    assert Regex(pattern).search(text) == groups


@pytest.mark.parametrize("pattern", ["[", "(a", "a)", "a\\", "((a{200}){200}){200}", "(" * 500])
def test_a_bad_expression_matches_nothing_and_is_told(pattern: str) -> None:
    script = f"regexp '{pattern}' a\necho $?"
    assert echoed(script) == ["1"]
    assert problems(machine(script))


def test_options_are_read_as_grub_reads_them() -> None:
    options = Options("--set|-s?", "--hint=", "--no-floppy|-n")
    assert options.read(["-s", "v", "x"]) == ({"set": ["v"]}, ["x"])
    assert options.read(["--set", "v", "x"]) == ({"set": ["v"]}, ["x"])
    assert options.read(["--set", "--hint=h", "x"]) == ({"set": [""], "hint": ["h"]}, ["x"])
    assert options.read(["-ns", "--hint", "h", "--", "-n"]) == (
        {"no-floppy": [""], "set": [""], "hint": ["h"]},
        ["-n"],
    )


def test_options_anywhere_before_the_block_and_unknown_ones_are_titles() -> None:
    script = (
        'menuentry --class a "T" --id=x extra { linux /$2 $# }\nmenuentry --foo { linux /k }\n'
        'menuentry "U" $none "y" { linux /$2 }\n'
    )
    entries = offered(machine(script))
    assert [(e.title, e.name) for e in entries] == [("T", "x"), ("--foo", "--foo"), ("U", "U")]
    assert [e.cmdline for e in entries] == [
        "BOOT_IMAGE=/extra 2",
        "BOOT_IMAGE=/k",
        "BOOT_IMAGE=/y",
    ]


def test_modules_fonts_and_screens_are_no_problem() -> None:
    script = "insmod nosuch\nloadfont x\nterminal_output gfxterm\nplay 480 440 1\nsleep 5\n"
    assert problems(machine(script, volumes=(ROOT,))) == []


def test_the_table_has_a_module_for_each_kind_of_command() -> None:
    modules = {command.run.__module__.rpartition(".")[2] for command in table().values()}
    assert modules == {
        "boot", "condition", "devices", "loopback", "menu", "quiet", "script", "text", "variables"
    }  # fmt: skip


ISO = "sda2:/isos/x.iso"
LOOPS = """
set iso=/isos/x.iso
menuentry by-device { loopback loop $iso; linux (loop)/casper/vmlinuz find=$iso; initrd (loop)/i }
menuentry by-root { loopback l (hd0,gpt2)$iso; set root=l; linux /casper/vmlinuz; initrd /i }
menuentry not-mine { linux (loop)/casper/vmlinuz }
"""


def test_a_file_that_loopback_has_named_is_a_device() -> None:
    files = machine(LOOPS, {"/isos/x.iso": "…"}, {ISO: {"/casper/vmlinuz": ""}}, DISKS)
    first, second, third = offered(files)
    vmlinuz, initrd = FileRef(device=ISO, path="/casper/vmlinuz"), FileRef(device=ISO, path="/i")
    assert (first.kernel, first.initrds) == (second.kernel, second.initrds) == (vmlinuz, (initrd,))
    assert first.cmdline == "BOOT_IMAGE=(loop)/casper/vmlinuz find=/isos/x.iso"
    assert third.kernel == FileRef(device="loop", path="/casper/vmlinuz")


def test_a_configuration_in_a_file_is_run_and_finds_itself_first() -> None:
    script = """
menuentry iso {
 iso_path=/isos/x.iso
 export iso_path
 loopback loop $iso_path
 root=loop
 configfile /boot/grub/loopback.cfg
}
"""
    inner = """
search --set=here --file /.disk/info
search --set=medium --file $iso_path
menuentry Live { linux ($here)/vmlinuz iso-scan/filename=$iso_path in=$medium }
"""
    iso = {"/boot/grub/loopback.cfg": inner, "/.disk/info": "", "/vmlinuz": ""}
    files = machine(script, {"/isos/x.iso": "…"}, {ISO: iso, "sdc": {"/.disk/info": ""}}, DISKS)
    (live,) = offered(files)
    assert (live.title, live.trail) == ("Live", ("iso",))
    assert live.config == f"({ISO})/boot/grub/loopback.cfg"
    assert live.kernel == FileRef(device=ISO, path="/vmlinuz")
    assert live.cmdline.endswith("iso-scan/filename=/isos/x.iso in=hd0,gpt2")


def test_a_file_that_is_not_there_is_waited_for() -> None:
    entry = "menuentry a { loopback loop (hd0,gpt3)/x.iso; linux (loop)/vmlinuz }"
    (waiting,) = offered(machine(entry, volumes=DISKS))
    assert waiting.waits_for == "the file (hd0,gpt3)/x.iso"
    assert problems(machine("loopback loop /x.iso")) == [(1, "file `/x.iso' not found")]


def test_a_loop_device_can_be_replaced_and_taken_away() -> None:
    script = """
loopback -d loop; echo $?
loopback loop /one; loopback loop /two; test -f (loop)/in2; echo $?
loopback --delete loop; echo $?; test -f (loop)/in2; echo $?
loopback; loopback loop
"""
    inner = {"sda1:/one": {"/in1": ""}, "sda1:/two": {"/in2": ""}}
    files = machine(script, {"/one": "", "/two": ""}, inner)
    said = printed(files).splitlines()
    assert said == [
        "error: device not found.",
        *("13", "0", "0", "1"),
        "error: device name required.",
        "error: filename expected.",
    ]
