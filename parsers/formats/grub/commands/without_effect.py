"""The commands that change nothing here: screens, sounds, modules, disk drivers.

The table has, for each command, the fewest arguments that it takes and its message when it has
fewer. Here and in the modules beside this one are all commands of GRUB up to 2.14, for every
platform, and those of Red Hat's and SUSE's: a file for another platform has no mistakes.
"""

from collections.abc import Iterable, Sequence
from posixpath import basename

from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.firmware import keep_time
from parsers.formats.grub.language.errors import BAD_ARGUMENT, FALSE, GrubError
from parsers.formats.grub.language.numbers import count
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Run, Shell

_QUIET = {
    (0, ""): """
        915resolution acpi all_functional_test background_color backtrace cbmemc clear cmosclean
        cmosdump coreboot_boottime distrust_certificate efi-watchdog
        efiemu_loadcore efiemu_prepare efiemu_unload efitextmode fakebios fix_video
        functional_test gdbstub gdbstub_break gdbstub_stop hdparm hello help hexdump_random
        keymap legacy_check_password legacy_password list_trusted
        lsacpi lsapm lscoreboot lsefi lsefimmap lsefisystab lsfonts lsmmap
        lsmod lspci lssal macppcbless mactelbless nativedisk net_add_addr net_add_dns
        net_add_route net_bootp net_bootp6 net_del_addr net_del_dns net_del_route net_dhcp
        net_get_dhcp_option net_ipv6_autoconf net_ls_addr net_ls_cards net_ls_dns net_ls_routes
        net_nslookup net_set_vlan pcidump play sendkey serial suspend terminal_input
        terminal_output terminfo test_blockarg usb vbeinfo vbetest videoinfo videotest
        xnu_devprop_load xnu_splash zfskey
    """,
    (1, "device name required"): "drivemap gptsync parttool plainmount",
    (1, "filename expected"): """
        blocklist crc dump file hexdump kfreebsd_loadenv kfreebsd_module kfreebsd_module_elf
        knetbsd_module knetbsd_module_elf kopenbsd_ramdisk legacy_initrd legacy_initrd_nounzip
        loadbios module module2 testload testspeed trust xen_initrd xen_module xen_xsm xnu_kext
        xnu_kextdir xnu_mkext xnu_ramdisk
    """,
    (1, "no hash specified"): "hashsum md5sum sha1sum sha256sum sha512sum",
    (1, "no module specified"): "rmmod",
    (1, "one argument expected"): """
        badram cmosset cmostest cutmem inb inl inw rdmsr read_byte read_dword read_word setpci
        xnu_uuid zfs-bootfs zfsinfo
    """,
    (2, "two arguments expected"): """
        outb outl outw write_byte write_dword write_word wrmsr
    """,
}
# Commands that some GRUBs have, by the first that had them. None has an effect here, so that no row
# of the dialects needs them.
_LATER = {
    "upstream 2.06": "boottime cacheinfo fpswa jpegtest lsdev lsspd pngtest tgatest xen_cat xen_ls",
    "upstream 2.12": "gdbinfo lsfreemem lsmem stress_big_allocs",
    "upstream 2.14": """
        append_add_db_cert append_add_db_hash append_add_dbx_cert append_add_dbx_hash append_list_db
        append_list_dbx append_verify lsmemregions tpm2_dump_pcr tpm2_key_protector_clear
        tpm2_key_protector_init
    """,
    "upstream after 2.14": """
        bootnext file_key_protector_clear file_key_protector_init lsefivar memmove_bench
        mfa_key_protector_clear mfa_key_protector_init net_dhcp6 pw_key_protector_clear
        pw_key_protector_init
    """,
    "rhboot": """
        connectefi efi-export-env efi-load-env list_certificates net_efi_add_addr net_efi_bootp
        net_efi_bootp6 net_efi_ls_addr net_efi_ls_cards net_efi_ls_routes test_asn1
        trust_certificate verify_appended version
    """,
    "suse": "crypttab_entry ofdisk_early_msg prep_load_env prep_partname tpm_record_pcrs",
}


def _quiet(least: int, message: str) -> Run:
    def nothing(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if len(arguments) < least:
            raise GrubError(BAD_ARGUMENT, message)
        return 0

    return nothing


for (_least, _message), _names in _QUIET.items():
    command(*_names.split())(_quiet(_least, _message))
for _names in _LATER.values():
    command(*_names.split())(_quiet(0, ""))


@command("insmod")
def insmod(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Load a module. Only `datehook` has an effect: it sets variables."""
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    if basename(arguments[0]).removesuffix(".mod") == "datehook":
        keep_time(shell)
    return 0


@command("loadfont")
def loadfont(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Check fonts. A plain name is one of the fonts in $prefix.

    Scripts test this to find a graphical screen. A missing file fails as in GRUB, and needs no
    repair. A font in GRUB's own image is not seen.
    """
    fonts = f"{shell.env['prefix']}/fonts"
    plain = (word if word[:1] in ("/", "(", "+") else f"{fonts}/{word}.pf2" for word in arguments)
    return _check(shell, plain)


@command("background_image")
def picture(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Check a picture, as `loadfont` checks a font."""
    return _check(shell, (path for path in arguments if path[:1] in ("/", "(")))


def _check(shell: Shell, paths: Iterable[str]) -> int:
    for path in paths:
        try:
            shell.find_file(path)
        except GrubError as error:
            return shell.error(error.number, str(error), harmless=True)
    return 0


@command("keystatus")
def keystatus(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Test if Shift and the like are held down. Nobody is there during a scan.

    Without options, test if the terminal can tell. Open Firmware's cannot.
    """
    return FALSE if arguments or shell.machine.platform == "ieee1275" else 0


_SECOND, _LONGEST_SLEEP = 100, 60  # steps of a second; seconds
_SLEEP = Options("--verbose|-v", "--interruptible|-i", usage="sleep NUMBER_OF_SECONDS")


@command("sleep")
def sleep(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    _, words = _SLEEP.read(arguments)
    if len(words) != 1:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    try:
        seconds = count(words[0])
    except GrubError as error:
        shell.remark(error)  # it does not sleep then
    else:
        shell.machine.budget.spend(min(seconds, _LONGEST_SLEEP) * _SECOND)
    return 0


@command("hwmatch")
def hwmatch(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Search a list for the graphics card. No card is on it: a kernel needs no screen."""
    if len(arguments) < 2:
        raise GrubError(BAD_ARGUMENT, "list file and class required")
    shell.find_file(arguments[0])
    shell.set("match", "0")
    return 0


_READ = Options("--silent|-s", usage="read [-s] [ENVVAR]")  # the option is 2.12's


@command("read")
def read(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Read a line from the keyboard: an empty one, since nobody is there during a scan."""
    _, words = _READ.read(arguments)
    for name in words[:1]:
        question = f"it asks for a value of ${name}, and gets an empty one here"
        shell.machine.complain(shell.config, shell.line, question)
        shell.set(str(name), "")
    return 0


@command("authenticate")
def authenticate(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Ask for a user. The menu asks (--users); a script goes on."""
    return 0
