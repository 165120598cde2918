"""Commands of GRUB's that change nothing here: screens, sounds, modules, disks' drivers."""

from collections.abc import Sequence

from parsers.grub.commands import command
from parsers.grub.errors import BAD_ARGUMENT, FALSE, GrubError
from parsers.grub.interp import Shell
from parsers.grub.syntax import Block

_NAMES = """
acpi background_color background_image badram cat clear cmosclean cmosdump cmostest cpuid crc
cryptomount cutmem date disk_check distrust_certificate drivemap dump efi-watchdog fakebios
gdbstub gptsync hashsum head help hexdump inb inl inw keymap kfreebsd_loadenv kfreebsd_module
kfreebsd_module_elf knetbsd_module knetbsd_module_elf kopenbsd_ramdisk legacy_initrd list_trusted
loadbios loadfont ls lsacpi lsapm lscoreboot lsefi lsefimmap lsefisystab lsfonts lsmmap
lsmod lspci lssal macppcbless mactelbless md5sum module module2 more mouse nativedisk net_add_addr
net_add_dns net_add_route net_bootp net_bootp6 net_del_addr net_del_dns net_del_route net_dhcp
net_get_dhcp_option net_ipv6_autoconf net_ls_addr net_ls_cards net_ls_dns net_ls_routes
net_nslookup outb outl outw parttool pcidump play pxe_unload random rdmsr
read read_byte read_dword read_word rmmod sendkey serial setpci sha1sum sha256sum sha512sum sleep
smbios spkmodem stall suspend terminal terminal_input terminal_output terminfo testload testspeed
time trust uppermem usb usb_keyboard vbeinfo vbetest verify_detached videoinfo videotest
write_byte write_dword write_word wrmsr xen_initrd xen_module xen_xsm xnu_devprop_load xnu_kext
xnu_kextdir xnu_mkext xnu_ramdisk xnu_splash
"""


@command(*_NAMES.split())
def nothing(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return 0


@command("insmod")
def insmod(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Whatever module it is: all that would matter are there already."""
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    return 0


@command("keystatus")
def keystatus(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Asks whether Shift and the like are held down: nobody is there while scanning."""
    return FALSE if arguments else 0
