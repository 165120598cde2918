"""The rules of the tree: what may import what, and a reviewed list of every plug-in."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import iter_modules

import pytest

from parsers.formats import formats
from parsers.formats.grub.commands import table as grub_commands
from parsers.formats.grub.language.family import FAMILIES
from petipy import platforms
from petipy.commands import find_all
from petipy.control.commands import RIGHTS
from petipy.fetch.scheme import find_schemes
from petipy.kexec import machines
from petipy.settings import table
from petipy.ui import screens

TOP = Path(__file__).parent.parent

# Plug-ins. An addition shows in review.
FORMATS = [
    *("grub", "bls", "uki", "grub-legacy", "ipxe", "kboot", "lilo", "native", "pxe", "silo"),
    *("syslinux", "yaboot", "zipl", "foreign", "found"),
]
PLATFORMS = ["efi", "generic", "powernv", "pseries"]
SETTINGS = [
    *("timeout", "order", "entry", "next", "menu", "store", "resume", "on_failure", "flap"),
    *("boots", "panic", "watchdog", "ui", "consoles", "color", "encoding", "glyphs"),
    *("language", "keymap", "dialect", "boot_image"),
    *("show_foreign", "boot_restricted"),
    *("lock", "password", "machine_password", "shell", "rescue"),
    *("ca", "pin", "certificate", "insecure", "proxy", "no_proxy", "ntp", "syslog"),
    "ssh_key",
    *("network", "interfaces", "dhcp_arch", "dhcp_class", "dhcp_user_class", "dhcp_release"),
    *("story", "debug", "trace"),
    *("own1", "own2", "own3", "own4", "own5", "own6", "own7", "own8", "started"),
]
ARCHITECTURES = [
    *("aarch64", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x", "x86_64"),
]
SCHEMES = ["http", "https", "nfs", "tftp"]
COMMANDS = ["attach", "capture", "check", "ctl", "explain", "help", "list", "script", "story"]
SCREENS = [
    *("details", "editor", "help", "keyboard", "language", "log", "machine", "menu", "network"),
    *("open", "order", "power", "prompt", "settings"),
]
CLIENT_COMMANDS = [
    *("boot", "boot edited", "edit", "keep entry", "remove entry"),
    *("shell", "open", "close", "boot next", "prefer", "configure"),
    *("stop", "rescan", "log", "note presence", "note absence", "visit"),
    *("unlock", "describe", "restart", "list directory", "open firmware"),
]
GRUB_COMMANDS = """
. 915resolution [ acpi all_functional_test append_add_db_cert append_add_db_hash
append_add_dbx_cert append_add_dbx_hash append_list_db append_list_dbx append_verify appleloader
authenticate background_color background_image backtrace badram blocklist bls_import blscfg boot
bootnext boottime break btrfs-get-default-subvol btrfs-info btrfs-list-subvols btrfs-mount-subvol
cacheinfo cat cbmemc chainloader clear cmosclean cmosdump cmosset cmostest cmp configfile
connectefi continue coreboot_boottime cpuid crc cryptocheck cryptomount crypttab_entry cutmem date
decrement devicetree distrust distrust_certificate drivemap dump echo efi-export-env efi-load-env
efi-watchdog efiemu_loadcore efiemu_prepare efiemu_unload efitextmode eval exit export
extract_entries_configfile extract_entries_source extract_legacy_entries_configfile
extract_legacy_entries_source extract_syslinux_entries_configfile extract_syslinux_entries_source
fakebios false fdtdump file file_key_protector_clear file_key_protector_init fix_video fpswa
freedos functional_test fwsetup gdbinfo gdbstub gdbstub_break gdbstub_stop getenv gettext gptsync
halt hashsum hdparm hello help hexdump hexdump_random hiddenentry hwmatch inb increment initrd
initrd16 initrdefi inl insmod inw jpegtest keymap keystatus kfreebsd kfreebsd_loadenv
kfreebsd_module kfreebsd_module_elf knetbsd knetbsd_module knetbsd_module_elf kopenbsd
kopenbsd_ramdisk legacy_check_password legacy_configfile legacy_initrd legacy_initrd_nounzip
legacy_kernel legacy_password legacy_source linux linux16 linuxefi list_certificates list_env
list_trusted load_env loadbios loadfont loopback ls lsacpi lsapm lscoreboot lsdev lsefi lsefimmap
lsefisystab lsefivar lsfonts lsfreemem lsmem lsmemregions lsmmap lsmod lspci lssal lsspd
macppcbless mactelbless md5sum memmove_bench menuentry mfa_key_protector_clear
mfa_key_protector_init module module2 multiboot multiboot2 nativedisk net_add_addr net_add_dns
net_add_route net_bootp net_bootp6 net_del_addr net_del_dns net_del_route net_dhcp net_dhcp6
net_efi_add_addr net_efi_bootp net_efi_bootp6 net_efi_ls_addr net_efi_ls_cards net_efi_ls_routes
net_get_dhcp_option net_ipv6_autoconf net_ls_addr net_ls_cards net_ls_dns net_ls_routes
net_nslookup net_set_vlan normal normal_exit ntldr ofdisk_early_msg outb outl outw parttool
password password_argon2 password_pbkdf2 pcidump plainmount plan9 play pngtest prep_load_env
prep_partname probe pw_key_protector_clear pw_key_protector_init pxechainloader rdmsr read
read_byte read_dword read_file read_word reboot regexp reset return rmmod save_env search
search.file search.fs_label search.fs_uuid sendkey serial set setparams setpci sha1sum sha256sum
sha512sum shift sleep smbios source stress_big_allocs submenu suspend syslinux_configfile
syslinux_source terminal_input terminal_output terminfo test test_asn1 test_blockarg testload
testspeed tgatest time tpm2_dump_pcr tpm2_key_protector_clear tpm2_key_protector_init
tpm_record_pcrs tr true truecrypt trust trust_certificate uki unset usb vbeinfo vbetest
verify_appended verify_detached version videoinfo videotest write_byte write_dword write_word wrmsr
xen_cat xen_hypervisor xen_initrd xen_linux xen_ls xen_module xen_xsm xnu_devprop_load xnu_kernel
xnu_kernel64 xnu_kext xnu_kextdir xnu_mkext xnu_ramdisk xnu_resume xnu_splash xnu_uuid zfs-bootfs
zfsinfo zfskey
"""

IO = {
    *("ctypes", "fcntl", "io", "mmap", "os", "pathlib", "posix", "select", "shutil", "signal"),
    *("socket", "subprocess", "tempfile", "termios", "tty"),
}
# Names by which Python starts a program.
STARTERS = re.compile(
    "subprocess|pty|multiprocessing|system|popen|create_subprocess.*|(posix_)?spawn.*|exec[lv].*"
)

# Module prefix → imports that are forbidden to it and to everything that it imports.
NEVER_REACHED = {
    "parsers": {"petipy", "pyudev", "urwid", "asyncio", *IO},
    "petipy.kexec": {"petipy", "parsers", "pyudev", "urwid", "pyparsing"},
    "petipy.sys": {"petipy", "parsers", "pyudev", "urwid", "pyparsing"},
    "petipy.state": {"petipy", "pyudev", "urwid", "time", *IO},
    "petipy.scan": {"petipy.sandbox", "petipy.ui", "petipy.network"},
}
# Exceptions to NEVER_REACHED.
ALLOWED = {
    "petipy.kexec": {"petipy.kexec"},
    "petipy.sys": {"petipy.sys"},
    "petipy.state": {"petipy.state"},
}
# Module prefix → imports that are forbidden to it alone.
NEVER_IMPORTED = {
    "petipy.sandbox": {"parsers.formats.", "petipy.ui", "petipy.commands", "petipy.control"},
    "petipy.network": {"petipy.ui", "petipy.sandbox", "petipy.control"},
    "petipy.fetch": {"petipy.ui", "petipy.sandbox", "petipy.control"},
    "petipy.sources": {"petipy.ui", "petipy.control"},
    "petipy.boot": {"petipy.ui", "petipy.control"},
    "petipy.control": {"petipy.ui"},
    "petipy.ui": {
        *("petipy.boot", "petipy.sandbox", "petipy.sources", "petipy.fetch"),
        "petipy.state.access",
    },
    "petipy.ui.line": {"petipy.ui.kit", "petipy.ui.screens", "petipy.ui.view", "urwid"},
    "petipy.ui.view": {"petipy.ui.screens."},
    "petipy.ui.screens": {"petipy.ui.screens."},
    "petipy.report": {"petipy.commands", "petipy.ui", "petipy.sandbox"},
    "petipy.commands": {"petipy.app", "petipy.ui", "petipy.boot"},
}


@cache
def modules() -> dict[str, Path]:
    """Every module of petipy and parsers, by its dotted name."""
    found = {}
    for top in ("petipy", "parsers"):
        for path in (TOP / top).rglob("*.py"):
            name = ".".join(path.relative_to(TOP).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def imported(name: str) -> frozenset[str]:
    """Return the names that a module imports anywhere in it, except for type checking."""
    found: set[str] = set()
    tree = ast.parse(modules()[name].read_text())
    package = name if modules()[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _executed(child)


def reached(name: str) -> dict[str, str]:
    """Return everything that a module imports, directly or not → the module that imports it."""
    found: dict[str, str] = {}
    todo = [name]
    while todo:
        module = todo.pop()
        # A module's packages are imported before it.
        parents = {module.rsplit(".", n)[0] for n in range(1, module.count(".") + 1)}
        for other in imported(module) | parents:
            if other not in found and other != name:
                found[other] = module
                if other in modules():
                    todo.append(other)
    return found


def matches(name: str, prefixes: set[str]) -> bool:
    """Return True if the name is one of the prefixes or below one. "a." is only what is below a."""
    return any(name == p or name.startswith(p if p.endswith(".") else f"{p}.") for p in prefixes)


@pytest.mark.parametrize("room", NEVER_REACHED)
def test_a_room_never_reaches(room: str) -> None:
    broken = {
        f"{name} reaches {other} by {by}"
        for name in modules()
        if matches(name, {room})
        for other, by in reached(name).items()
        if matches(other, NEVER_REACHED[room])
        and not matches(other, ALLOWED.get(room, set()))
        and other != "petipy"  # the package itself, which is empty
    }
    assert not broken


@pytest.mark.parametrize("room", NEVER_IMPORTED)
def test_a_room_never_imports(room: str) -> None:
    broken = {
        f"{name} imports {other}"
        for name in modules()
        if matches(name, {room})
        for other in imported(name)
        if matches(other, NEVER_IMPORTED[room])
        and other in modules()
        and not name.startswith(f"{other}.")
    }
    assert not broken


def test_only_main_imports_the_composition_root() -> None:
    def find_importers(wanted: str) -> set[str]:
        return {name for name in modules() if wanted in imported(name)}

    assert find_importers("petipy.app") == {"petipy.__main__"}
    assert find_importers("petipy.services") == {"petipy.app"}


def test_modules_that_only_compute_do_no_io() -> None:
    pure = ("petipy.codec", "petipy.scan.images", "petipy.scan.subvolumes")
    used = {f"{name}: {other}" for name in pure for other in imported(name) if other in IO}
    assert not used


def calls(path: Path) -> set[str]:
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    return {n.func.id for n in nodes if isinstance(n.func, ast.Name)}


def test_parsers_open_nothing_and_run_no_code_from_text() -> None:
    banned = {"open", "eval", "exec", "__import__", "compile"}
    parsers = {name: path for name, path in modules().items() if matches(name, {"parsers"})}
    assert not [name for name, path in parsers.items() if calls(path) & banned]


def test_modules_that_a_parser_imports_late_are_there_when_it_starts() -> None:
    """A scan has given up the right to read modules by then."""
    late = {
        name
        for module, path in modules().items()
        if module.startswith("parsers")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert late
    load = (
        "import sys; from parsers.formats import formats\n"
        "for form in formats():\n"
        "    if form.prepare_network: form.prepare_network()\n"  # before a lease is followed
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", load], cwd=TOP, check=True, capture_output=True, text=True
    )
    assert late <= set(done.stdout.split())


def test_ctypes_and_ioctl_live_in_sys_and_kexec_alone() -> None:
    elsewhere = [
        name
        for name in modules()
        if imported(name) & {"ctypes", "fcntl", "termios"}
        and not matches(name, {"petipy.sys", "petipy.kexec"})
    ]
    assert not elsewhere


def test_programs_are_started_by_one_module_and_kexec_alone() -> None:
    broken = []
    for name, path in modules().items():
        if name != "petipy.sys.process" and not matches(name, {"petipy.kexec"}):
            nodes = ast.walk(ast.parse(path.read_text()))
            used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            used |= {other.partition(".")[0] for other in imported(name)}
            broken += [f"{name}: {word}" for word in used if STARTERS.fullmatch(word)]
    assert not broken


def test_every_format_is_on_the_reviewed_list() -> None:
    assert [form.name for form in formats()] == FORMATS


def test_every_setting_is_on_the_reviewed_list() -> None:
    assert [setting.name for setting in table.SETTINGS] == SETTINGS


def test_every_platform_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(platforms.__path__)] == PLATFORMS


def test_every_architecture_that_kexec_knows_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(machines.__path__)] == ARCHITECTURES


def test_every_kind_of_url_is_on_the_reviewed_list() -> None:
    assert sorted(find_schemes()) == SCHEMES


def test_every_command_is_on_the_reviewed_list() -> None:
    assert [command.name for command in find_all()] == COMMANDS


def test_every_screen_is_on_the_reviewed_list() -> None:
    assert [module.name for module in iter_modules(screens.__path__)] == SCREENS


def test_every_command_of_a_client_is_on_the_reviewed_list() -> None:
    assert [*RIGHTS] == CLIENT_COMMANDS


def test_every_command_of_grub_is_on_the_reviewed_list() -> None:
    found = {name for family in FAMILIES.values() for name in grub_commands(family)}
    assert sorted(found) == GRUB_COMMANDS.split()


LANGUAGES = ("petipy.ui.catalogue", "petipy.ui.translator", "petipy.ui.templates", "gettext")
NETWORK = ("petipy.network.links", "petipy.network.services", "petipy.fetch", "h11")


@pytest.mark.parametrize("heavy", ["urwid", "pyparsing", "pathlib", "pyudev", *LANGUAGES, *NETWORK])
def test_the_headless_path_does_not_import(heavy: str) -> None:
    done = f"import sys, petipy.app; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", done], cwd=TOP, check=False).returncode == 0
