"""GRUB's commands, one by one."""

from dataclasses import replace

import pytest

from parsers.api import FileRef, Volume
from parsers.grub.commands import table
from parsers.grub.dialect import FEDORA
from parsers.grub.options import Options
from parsers.grub.regex import Regex
from tests.fakes import Machine
from tests.parsers.grub_runs import CONFIG, ROOT, echoed, machine, offered, printed, problems

MISSING, NUMBER = "error: missing parameters.", "error: unrecognized number."
BREAK = "error: can't break 0 loops."
# Of GRUB 2.12, on any of the platforms that Debian builds it for.
COMMANDS = """
extract_legacy_entries_configfile extract_legacy_entries_source extract_syslinux_entries_configfile
extract_syslinux_entries_source legacy_check_password legacy_configfile legacy_password
legacy_source syslinux_configfile syslinux_source
. 915resolution [ acpi all_functional_test appleloader authenticate background_color
background_image backtrace badram blocklist boot break cat cbmemc chainloader clear cmosclean
cmosdump cmosset cmostest cmp configfile continue coreboot_boottime cpuid crc cryptomount cutmem
date devicetree distrust drivemap dump echo efiemu_loadcore efiemu_prepare efiemu_unload
efitextmode eval exit export extract_entries_configfile extract_entries_source fakebios false
file fix_video freedos functional_test fwsetup gdbstub gdbstub_break gdbstub_stop gettext
gptsync halt hashsum hdparm hello help hexdump hexdump_random hwmatch inb initrd initrd16 inl
insmod inw keymap keystatus kfreebsd kfreebsd_loadenv kfreebsd_module kfreebsd_module_elf
knetbsd knetbsd_module knetbsd_module_elf kopenbsd kopenbsd_ramdisk legacy_initrd
legacy_initrd_nounzip legacy_kernel linux linux16 list_env list_trusted load_env loadbios
loadfont loopback ls lsacpi lsapm lscoreboot lsefi lsefimmap lsefisystab lsfonts lsmmap lsmod
lspci lssal macppcbless mactelbless md5sum menuentry module module2 multiboot multiboot2
nativedisk net_add_addr net_add_dns net_add_route net_bootp net_bootp6 net_del_addr net_del_dns
net_del_route net_dhcp net_get_dhcp_option net_ipv6_autoconf net_ls_addr net_ls_cards net_ls_dns
net_ls_routes net_nslookup net_set_vlan normal normal_exit ntldr outb outl outw parttool
password password_pbkdf2 pcidump plainmount plan9 play probe pxechainloader rdmsr read read_byte
read_dword read_word reboot regexp return rmmod save_env search search.file search.fs_label
search.fs_uuid sendkey serial set setparams setpci sha1sum sha256sum sha512sum shift sleep
smbios source submenu suspend terminal_input terminal_output terminfo test test_blockarg
testload testspeed time tr true truecrypt trust unset usb vbeinfo vbetest verify_detached
videoinfo videotest write_byte write_dword write_word wrmsr xen_hypervisor xen_module
xnu_devprop_load xnu_kernel xnu_kernel64 xnu_kext xnu_kextdir xnu_mkext xnu_ramdisk xnu_resume
xnu_splash xnu_uuid zfs-bootfs zfsinfo zfskey
"""

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
        ("a = b -a ( c = c )", False),
        ("'' -o ( '' -a ( a ) -o b = b )", True),
        ("18446744073709551615 -eq -1", True),
        ("0 -pgt -1", False),
    ],
)
def test_what_is_true(words: str, true: bool) -> None:
    script = f"if [ {words} ]; then echo 1; else echo 0; fi"
    assert echoed(script, **{"/empty": ""}) == [str(int(true))]


@pytest.mark.parametrize(
    ("words", "true"),
    [
        ("/new -nt /old", True),
        ("/old -nt /new", False),
        ("/old -ot /new", True),
        ("/new -nt /new", False),
        ("/old -nt101 /new", True),
        ("/new -nt-101 /old", False),
        ("/new -nt /undated", False),
        ("/new -ot /none", False),
        ("/none -ot /new", True),
    ],
)
def test_which_file_is_newer(words: str, true: bool) -> None:
    script = f"[ {words} ]\necho $?"
    files = dict.fromkeys(("/new", "/old", "/undated"), "") | {CONFIG: script}
    host = Machine({"sda2": files}, times={"/new": 1100, "/old": 1000})
    assert printed(host.files("sda2")).split() == [str(int(not true))]


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


def test_search_without_a_variable_prints_all_what_it_found_before_first() -> None:
    script = "search --label TWIN --hint hd1,msdos1 -s v\nsearch -l TWIN\necho\nsearch -f /only"
    assert found(script) == [" hd1,msdos1 hd0,gpt3 hd1,msdos1", " hd1,msdos1"]


def test_search_wants_a_file_not_a_directory() -> None:
    assert found("search -f /boot -s v\necho $?") == ["error: no such device: /boot.", "5"]


def test_search_that_fails_leaves_the_variable_alone() -> None:
    assert found("v=old\nsearch --set=v --fs-uuid none\necho $? $v")[1:] == ["5 old"]


def test_probe_tells_of_a_device() -> None:
    script = "probe -u $root\necho\nprobe --set=l --label (hd1,1)\necho $l\nprobe --fs hd0,gpt2"
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


LAYERS = (
    ROOT,
    Volume(name="dm-0", disk="dm-0", mapped="vg-root", lvm="vg/root", lvm_uuid="a/b", fs="xfs"),
    Volume(name="md127", disk="md127", md="0", md_uuid="01:23:45:67", fs="ext4"),
    Volume(name="dm-1", disk="dm-1", mapped="c", crypt_uuid="0123abcd", fs="ext4"),
)


@pytest.mark.parametrize(
    ("device", "volume"),
    [
        ("lvm/vg-root", "dm-0"),
        ("lvmid/a/b", "dm-0"),
        ("md/0", "md127"),
        ("md/127", "md127"),
        ("mduuid/01234567", "md127"),
        ("cryptouuid/0123abcd", "dm-1"),
        ("crypto0", "dm-1"),
    ],
)
def test_what_is_no_disk_of_the_firmwares_has_names_too(device: str, volume: str) -> None:
    script = f"cryptomount -u 0123abcd\nset root={device}\nmenuentry A {{ linux /k\n}}"
    entry = offered(machine(script, volumes=LAYERS))[0]
    assert entry.kernel == FileRef(path="/k", device=volume)
    assert not entry.waits_for


@pytest.mark.parametrize(
    ("body", "waits_for"),
    [
        ("set root=lvm/vg-root", "the logical volume vg-root"),
        ("set root=mduuid/0123", "the RAID array with UUID 0123"),
        ("cryptomount -u 77\nset root=cryptouuid/77", "the encrypted volume with UUID 77, opened"),
        ("cryptomount (hd0,gpt3)\nset root=crypto0", "an encrypted volume, opened"),
        ("search --set=root --fs-uuid 8", "the file system with UUID 8"),
    ],
)
def test_an_entry_waits_for_its_device_by_what_it_is(body: str, waits_for: str) -> None:
    script = f"menuentry A {{ {body}\nlinux /k\n}}"
    assert offered(machine(script))[0].waits_for == waits_for


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


def test_an_initrd_may_be_packed_under_a_name() -> None:
    script = "menuentry A {\n linux /k\n initrd newc:etc/x:($root)/a /b newc:y\n}"
    (packed, plain, odd) = offered(machine(script))[0].initrds
    assert packed == FileRef(path="/a", packed="etc/x")
    assert str(packed) == "newc:etc/x:/a"
    assert plain == FileRef(path="/b")
    assert not odd.packed


def test_a_kernel_that_is_missing_leaves_the_one_that_is_loaded() -> None:
    script = "menuentry A {\n linux /k\n linux /none\n echo $?\n}"
    files = machine(script, {"/k": "k"})
    assert printed(files) == "error: file `/none' not found.\n5\n"
    assert offered(files)[0].kernel == FileRef(path="/k")


def test_a_server_without_a_name_is_the_leases() -> None:
    host = Machine({"n": {CONFIG: "menuentry A { linux (tftp)/k\ninitrd (http,h:80)/i\n}"}})
    host = replace(host, leases={"n": {"siaddr": "10.0.0.2"}})
    entry = offered(host.files("n"))[0]
    assert entry.kernel == FileRef(url="tftp://10.0.0.2/k")
    assert entry.initrds == (FileRef(url="http://h:80/i"),)


def test_a_file_on_a_server_is_run() -> None:
    host = Machine(
        {"n": {CONFIG: "source (http,h)/more.cfg"}}, urls={"http://h/more.cfg": "echo more"}
    )
    assert printed(host.files("n")) == "more\n"


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


def test_an_environment_block_outside_of_files_is_told_of() -> None:
    block = "# GRUB Environment Block\nenv_block=512+1\n".ljust(1024, "#")
    script = (
        "load_env\nset env_block=($root)$env_block\nload_env -f $env_block\n"
        "save_env -f $env_block next_entry\nload_env -f 600+1,8+1\nmenuentry A { linux /v }"
    )
    files = machine(script, {"/boot/grub/grubenv": block})
    unread = (
        "what is kept in blocks 512+1 of the disk, in no file, is not read:"
        " an entry chosen by grub-reboot does not count"
    )
    unsaved = "what is to be saved in blocks 512+1 of the disk, in no file, is not saved"
    assert problems(files) == [(3, unread), (4, unsaved), (5, unread.replace("512+1", "600+1,8+1"))]
    assert offered(files)[0].effects == ()


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
    assert options.read(["--set", "-n", "x"]) == ({"set": [""], "no-floppy": [""]}, ["x"])
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
        "boot", "condition", "devices", "files", "loopback", "menu", "others", "quiet", "script",
        "text", "variables",
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


FILES = {"/dir/b": "", "/dir/a": "x", "/dir/.c": "", "/text": "one\n\x01two\n"}


def test_ls_prints_names_devices_and_what_is_wrong() -> None:
    assert echoed("ls /dir\nls -a /dir\nls /text\nls (hd0,msdos1)/ \nls -l /dir/", **FILES) == [
        "a b ", ".c a b ", "text ", "boot/ dir/ text ", "1           a ", "0           b ", ""
    ]  # fmt: skip
    assert echoed("ls\nls (hd0,msdos1)\nls /none\necho $?\nls (hd9)/\nls x") == [
        "(hd0) (hd0,msdos1) ",
        f"Partition hd0,msdos1: Filesystem type ext4 - Label `ROOT', UUID {ROOT.uuid}",
        "error: file `/none' not found.",
        "0",
        "error: disk `hd9' not found.",
        "error: file `x' not found.",
    ]


def test_cat_and_cmp_read_files() -> None:
    assert echoed("cat /text\ncmp /text /text\necho $?\ncmp /text /dir/a\necho $?", **FILES) == [
        "one", "<1>two", "", "0", "1"
    ]  # fmt: skip
    assert echoed("cat /dir\ncat (hd0,9)/x\ncat (hd0\nunset root\ncat /x", **FILES) == [
        "error: not a regular file.",
        "error: no such partition.",
        "error: missing `)' symbol.",
        "error: variable `root' isn't set.",
    ]


def test_what_goes_wrong_without_failing_is_not_said_when_it_is_inverted() -> None:
    assert echoed("! ls /none\necho $?\n! [ x -eq 0 ]\necho $?\n[ x -eq 0 ]") == [
        "1", "1", "error: unrecognized number."
    ]  # fmt: skip


def test_a_command_that_is_asked_says_how_it_is_used_and_does_nothing() -> None:
    assert echoed("menuentry --usage { true; }\necho $?\nregexp -u\nunset --help") == [
        "Usage: menuentry BLOCK", "0", "Usage: regexp REGEXP STRING"
    ]  # fmt: skip


def test_entries_that_are_extracted_bring_nothing_else_with_them() -> None:
    script = "x=0\nextract_entries_source /more\necho $x\nmenuentry B { linux /b }"
    more = "x=1\necho no\nfunction f { true; }\nmenuentry A { linux /a$x }\nlinux /c\n"
    files = machine(script, {"/more": more})
    assert printed(files) == (
        "error: echo isn't allowed to execute in an extractor.\n"
        "error: linux isn't allowed to execute in an extractor.\n0\n"
    )
    assert [entry.title for entry in offered(files)] == ["A", "B"]


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("time echo a", ["a", "Elapsed time: 0.000 seconds "]),
        ("tr -s v abc xyz aabb\necho $v\ntr -U ab\ntr a b", ["xxyy", "AB", MISSING]),
        ("v=x\nregexp -s 9:v a a\necho [$v]", ["[]"]),
        ("break 0\necho $?\nbreak -1\necho $?", [BREAK, "18", NUMBER, "10"]),
        ("false\nfor x in; do true; done\necho $?", ["0"]),
        ("if false; then true; else echo $?; fi", ["1"]),
        ("! nosuch\necho $?", ["error: can't find command `nosuch'.", "0"]),
        ("false\n$none\necho $?", ["0"]),
        ("function f { source /in; }\nf a b", ["2"]),
        ("function f { configfile /in; }\nf a b", ["2"]),
        ("echo *\necho (hd0*\necho *a /d*r//b /*/ /none/*", [
            "(hd0)", "(hd0) (hd0,msdos1)", "*a /dir//b /boot/ /dir/ /none/*"
        ]),
        ("source in\nsource /in", [""]),
        ("read x\necho [$x]", ["[]"]),
        ("loadfont /none\necho $?", ["error: file `/none' not found.", "5"]),
        ("keystatus --shift\necho $?\ncpuid -l\necho $?", ["1", "1"]),
        ("hello\nlegacy_initrd\necho $?", ["error: filename expected.", "18"]),
    ],
)  # fmt: skip
def test_a_script_prints(script: str, lines: list[str]) -> None:
    assert echoed(script, **{"/in": "echo $#", "/dir/b": ""}) == lines


def test_none_of_grubs_commands_is_unknown() -> None:
    known = table(FEDORA).keys()
    assert not [name for name in COMMANDS.split() if name not in known]


SYSLINUX = """DEFAULT b
TIMEOUT 50
LABEL a
 MENU LABEL First
 KERNEL /k
 APPEND initrd=/i root=/dev/sda1 x="a b"
MENU BEGIN
MENU TITLE More
LABEL b
 LINUX k2
 INITRD i2
LABEL c
 COM32 reboot.c32
MENU END
"""
LEGACY = "default 0\ntitle Old\nroot (hd0,0)\nkernel /k ro\ninitrd /i\n"


def test_syslinuxs_menu_is_grubs() -> None:
    script = "syslinux_configfile /sub/syslinux.cfg\nmenuentry Own { true; }"
    entries = offered(machine(script, {"/sub/syslinux.cfg": SYSLINUX}))
    assert [(e.trail, e.title, e.default, e.action) for e in entries] == [
        ((), "First", False, ""),
        (("More",), "b", True, ""),
        (("More",), "c", False, "reboot"),
        ((), "Own", False, ""),
    ]
    assert entries[0].kernel == FileRef(path="/k")
    assert entries[0].initrds == (FileRef(path="/i"),)
    assert entries[0].config == "/sub/syslinux.cfg"
    assert entries[0].cmdline.startswith("BOOT_IMAGE=(hd0,msdos1)/k ")
    assert entries[1].kernel == FileRef(path="/sub/k2")


def test_the_menu_of_grubs_predecessor_is_merged_or_nested() -> None:
    files = {"/menu.lst": LEGACY}
    for command in ("legacy_source", "legacy_configfile", "extract_legacy_entries_source"):
        (old,) = offered(machine(f"{command} /menu.lst", files))
        assert (old.title, old.kernel) == ("Old", FileRef(path="/k"))
    assert echoed("legacy_source /none\necho $?\nsyslinux_source\necho $?") == [
        "error: file `/none' not found.", "5", "error: filename expected.", "18"
    ]  # fmt: skip
