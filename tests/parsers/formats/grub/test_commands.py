"""GRUB's commands: all are there; small ones are tested one by one."""

import pytest

from parsers.api import Volume
from parsers.formats.grub.commands import table
from parsers.formats.grub.language.family import FAMILIES, FEDORA, SUSE, Family
from parsers.formats.grub.run.options import Options
from tests.parsers.formats.grub.runs import ROOT, echoed, machine, offered, printed, problems

MISSING, NUMBER = "error: missing parameters.", "error: unrecognized number."
BREAK = "error: can't break 0 loops."
# The commands of GRUB 2.12 on all platforms that Debian builds it for.
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


# Commands that 2.14, later releases, or Red Hat's or SUSE's GRUB alone have.
LATER = """
append_add_db_cert append_add_db_hash append_add_dbx_cert append_add_dbx_hash append_list_db
append_list_dbx append_verify cryptocheck fdtdump gdbinfo lsfreemem lsmem lsmemregions
stress_big_allocs tpm2_dump_pcr tpm2_key_protector_clear tpm2_key_protector_init
bootnext file_key_protector_clear file_key_protector_init lsefivar memmove_bench
mfa_key_protector_clear mfa_key_protector_init net_dhcp6 password_argon2 pw_key_protector_clear
pw_key_protector_init tpm_record_pcrs
connectefi efi-export-env efi-load-env linuxefi initrdefi list_certificates net_efi_add_addr
net_efi_bootp net_efi_bootp6 net_efi_ls_addr net_efi_ls_cards net_efi_ls_routes reset test_asn1
trust_certificate verify_appended version
crypttab_entry ofdisk_early_msg prep_load_env prep_partname
"""


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_commands_of_other_grubs_are_no_mistake(family: Family) -> None:
    assert not {*COMMANDS.split(), *LATER.split()} - {*table(family)}


@pytest.mark.parametrize(
    ("command", "families"),
    [
        ("increment", "fedora rhel-8 rhel-9"),
        ("bls_import", "fedora rhel-8 rhel-9 suse"),
        ("blscfg", "fedora nixos rhel-8 rhel-9 suse upstream-2.14"),
        ("uki", "fedora nixos upstream-2.14"),
        ("hiddenentry", "nixos suse"),
        ("btrfs-mount-subvol", "fedora rhel-8 rhel-9 suse"),
        ("read_file", "suse"),
    ],
)
def test_commands_that_only_some_families_have(command: str, families: str) -> None:
    having = [name for name, family in FAMILIES.items() if command in table(family)]
    assert sorted(having) == families.split()


def test_suses_scripts_read_the_lines_of_a_file_into_variables() -> None:
    script = "read_file /in a b\necho $a $b $?\nread_file /in a b c\necho $?"
    files = machine(script, {"/in": "x\ny"})
    assert printed(files, family=SUSE) == "x y 0\n11\n"


def test_red_hats_reset_restarts_the_machine() -> None:
    (entry,) = offered(machine("menuentry A { reset }"), family=FEDORA)
    assert entry.action == "reboot"


def test_a_logical_volume_may_be_asked_if_it_is_encrypted() -> None:
    opened = Volume(name="dm-0", disk="dm-0", mapped="luks", crypt_uuid="ab-cd", fs="ext4")
    script = "cryptocheck --quiet (cryptouuid/abcd)\necho $?\ncryptocheck ($root)\necho $?\n"
    files = machine(script, volumes=(ROOT, opened), others={"dm-0": {}})
    assert printed(files) == "0\n1\n"


def test_a_password_that_cannot_be_checked_opens_nothing_and_still_locks() -> None:
    script = (
        "set superusers=bob\npassword_argon2 bob grub.argon2.3.4096.1.AB.CD\n"
        "menuentry A { linux /k }"
    )
    (entry,) = offered(machine(script))
    assert entry.users == ("bob",)
    assert problems(machine(script)) == [
        (2, "the Argon2 password of bob cannot be checked here: it opens nothing")
    ]


def test_what_only_one_of_the_dialects_has() -> None:
    script = "x=41\nincrement x\necho $? $x\ndecrement x\necho $x\nincrement y\necho $? \\x20a"
    missing = "error: can't find command `{}'.".format
    debian = [missing("increment"), "0 41", missing("decrement"), "41"]
    assert echoed(script) == [*debian, missing("increment"), "0 x20a"]
    assert printed(machine(script), family=FEDORA).splitlines() == [
        "0 42",
        "41",
        'error: No such variable "y".',
        r"5 \x20a",
    ]


def test_a_character_in_hex_reaches_red_hats_kernels() -> None:
    files = machine("menuentry A { linux /k LABEL=a\\x20b 'c\\x20d' \"e\\\\f\" }")
    assert offered(files)[0].cmdline == r"BOOT_IMAGE=/k LABEL=ax20b c\\x20d e\\f"
    assert offered(files, family=FEDORA)[0].cmdline == r"BOOT_IMAGE=/k LABEL=a\x20b c\x20d e\\f"


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


def test_a_font_is_looked_for_in_grubs_own_directory() -> None:
    files = {"/boot/grub/fonts/unicode.pf2": "PFF2"}
    assert printed(machine("loadfont unicode\necho $?", files)) == "0\n"


def test_the_table_has_a_module_for_each_kind_of_command() -> None:
    modules = {command.run.__module__.rpartition(".")[2] for command in table().values()}
    assert modules == {
        "boot", "condition", "devices", "files", "firmware", "loopback", "menu", "others",
        "script", "signatures", "text", "variables", "without_effect",
    }  # fmt: skip


def test_what_goes_wrong_without_failing_is_not_said_when_it_is_inverted() -> None:
    assert echoed("! ls /none\necho $?\n! [ x -eq 0 ]\necho $?\n[ x -eq 0 ]") == [
        "1", "1", "error: unrecognized number."
    ]  # fmt: skip


def test_a_command_that_is_asked_says_how_it_is_used_and_does_nothing() -> None:
    assert echoed("menuentry --usage { true; }\necho $?\nregexp -u\nunset --help") == [
        "Usage: menuentry BLOCK", "0", "Usage: regexp REGEXP STRING"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("time echo a", ["a", "Elapsed time: 0.000 seconds "]),
        ("tr -s v abc xyz aabb\necho $v\ntr -U ab\ntr a b", ["xxyy", "AB", MISSING]),
        ("regexp '-{1}' a\nregexp -xs a a", [
            "error: unknown argument `-{'.", "error: unknown argument `-x'."
        ]),
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
        ("x=old\nread --silent x\necho [$x]", ["[]"]),
        ("loadfont /none\necho $?", ["error: file `/none' not found.", "5"]),
        (
            "loadfont unicode\necho $?",
            ["error: file `/boot/grub/fonts/unicode.pf2' not found.", "5"],
        ),
        ("keystatus --shift\necho $?", ["1"]),
        ("menuentry A --class $none --id a { true; }\necho $?", [
            "error: missing mandatory option for `class'.", "18"
        ]),
        ("menuentry --unrestricted=no A { true; }\necho $?", [
            "error: --unrestricted takes no value, and gets 'no'.", "18"
        ]),
        ("configfile\nconfigfile /in /in\necho $?", ["error: filename expected."] * 2 + ["18"]),
        ("hello\nlegacy_initrd\necho $?", ["error: filename expected.", "18"]),
    ],
)  # fmt: skip
def test_a_script_prints(script: str, lines: list[str]) -> None:
    assert echoed(script, **{"/in": "echo $#", "/dir/b": ""}) == lines


def test_a_syntax_error_is_a_problem_at_each_place_and_an_unknown_command_at_one() -> None:
    assert problems(machine("fi\nnosuch\nfi\nnosuch\n")) == [
        (1, "syntax error at 'fi', a command expected"),
        (2, "can't find command `nosuch'"),
        (3, "syntax error at 'fi', a command expected"),
    ]


def test_none_of_grubs_commands_is_unknown() -> None:
    known = table(FEDORA).keys()
    assert not [name for name in COMMANDS.split() if name not in known]
