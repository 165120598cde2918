"""The dialects of GRUB's language: what each family of GRUBs does in its own way.

All call themselves 2.06, 2.12 or 2.14. Each difference is one field, with its source, and each
family one row, so that no other module asks for a name. parsers/formats/grub/recognition.py tells
which row a configuration is for.

Sources: upstream is grub.git, by commit; rhboot is github.com/rhboot/grub2, by the subject of the
commit; suse is github.com/openSUSE/grub2, by the name of the patch; nixpkgs is the patch
pkgs/tools/misc/grub/add-hidden-menu-entries.patch there.
"""

from dataclasses import dataclass, replace
from typing import Literal

# The reader of Boot Loader Specification entries: Red Hat's module blscfg, the one that SUSE made
# of it, or upstream's blsuki.
Bls = Literal["", "red hat", "suse", "upstream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The peculiarities of one family of GRUBs. Without any it is upstream's before 2.14."""

    name: str
    loader: str  # its boot loader, in words

    # \xNN stays as it is, outside quotes and on a command line.
    # rhboot: Pass "\x[[:hex:]][[:hex:]]" straight through unmolested.
    keeps_hex: bool = False
    # eval of a text with a final newline has the status of its last command.
    # upstream 187338f1a, in 2.14; rhboot took it over in 2025.
    eval_reports: bool = False
    # Submenus and nested configurations see all variables, not only exported ones.
    # rhboot: Export all variables from the initial context when creating a submenu; not in RHEL 8.
    copies_all: bool = False
    # An entry boots only if the last command of its body succeeds. rhboot, 2025: normal/menu: Check
    # return code of the script when executing a menu entry.
    after_success: bool = False
    # In `default`: ids, titles, then numbers; in `fallback`: ids, too.
    # rhboot: Fix menu entry selection based on ID and title.
    names_first: bool = False
    # `search --root-dev-only` finds nothing on another disk than that of $root. rhboot: add flag to
    # only search root dev; no longer since: cmd/search: Rework of CVE-2023-4001 fix (2024).
    keeps_to_root_disk: bool = False
    # The names of variables feature_NAME that upstream had not before 2.14
    # (upstream ed691c0e0, afddba012, 91ddada64; rhboot has the first since Fedora 42).
    features: tuple[str, ...] = ()
    # Commands that some other family lacks.
    commands: frozenset[str] = frozenset()

    bls: Bls = ""
    # A `$` after a backslash begins no variable in an entry.
    # rhboot, 2025: blscfg: check if variable is escaped before considering one; not in RHEL 8.
    bls_escapes: bool = False
    # Entries are sorted by their field `version`, if all have one. blscfg takes no arguments, and
    # knows neither device trees nor $save_default and $early_initrd.
    # rhboot, branch rhel-8-main, grub-core/commands/blscfg.c.
    bls_by_version: bool = False
    # An entry may name a unified kernel image. rhboot, 2026: Add support for the efi keyword.
    bls_efi: bool = False

    # $btrfs_relative_path, $btrfs_subvol and $btrfs_subvolid choose the subvolume that a path
    # begins in. suse: grub2-btrfs-01 to -10; rhboot has taken all over.
    subvolumes: bool = False
    # With an entry about a snapshot on top, the number in `default` counts from the next one.
    # suse: grub2-btrfs-08-workaround-snapshot-menu-default-entry.
    snapshot_on_top: bool = False
    # With $unrestricted_menu, entries without --users are for anybody.
    # suse: grub2-menu-unrestricted.
    may_unrestrict: bool = False


_BTRFS = frozenset(
    ["btrfs-get-default-subvol", "btrfs-info", "btrfs-list-subvols", "btrfs-mount-subvol"]
)
_BOOT_COUNTER = frozenset(["decrement", "increment"])  # rhboot: Reimplement boot_counter
_BLSCFG = frozenset(["bls_import", "blscfg"])
_BLSUKI = frozenset(["blscfg", "uki"])  # upstream 8cee1c284 and the one after it
_HIDDEN = frozenset(["hiddenentry"])  # suse: Add hidden menu entries; nixpkgs
_CRYPTODISK_ONLY = ("search_cryptodisk_only",)

# Debian's patches change nothing of the language.
DEBIAN = Family(name="debian", loader="Debian's GRUB")
# Red Hat's newest: Fedora 43 and later, RHEL 9 since 2025, RHEL 10.
FEDORA = Family(
    name="fedora",
    loader="Red Hat's GRUB",
    keeps_hex=True,
    eval_reports=True,
    copies_all=True,
    after_success=True,
    names_first=True,
    features=_CRYPTODISK_ONLY,
    commands=_BOOT_COUNTER | _BLSCFG | _BTRFS | {"uki"},
    bls="red hat",
    bls_escapes=True,
    bls_efi=True,
    subvolumes=True,
)
_RHEL_9 = replace(
    FEDORA,
    name="rhel-9",
    loader="the GRUB of RHEL 9 before 2025",
    eval_reports=False,
    after_success=False,
    keeps_to_root_disk=True,
    features=(),
    commands=FEDORA.commands - {"uki"},
    bls_escapes=False,
    bls_efi=False,
)
_RHEL_8 = replace(
    _RHEL_9,
    name="rhel-8",
    loader="the GRUB of RHEL 8",
    copies_all=False,
    bls_by_version=True,
)
_UPSTREAM_2_06 = Family(name="upstream-2.06", loader="GRUB 2.06")
# Every family knows the additions of 2.12: options of `search`, and commands without effect here.
_UPSTREAM_2_12 = replace(_UPSTREAM_2_06, name="upstream-2.12", loader="GRUB 2.12")
UPSTREAM = replace(
    _UPSTREAM_2_12,
    name="upstream-2.14",
    loader="GRUB 2.14",
    eval_reports=True,
    features=(*_CRYPTODISK_ONLY, "tpm2_cap_pcrs", "gcry_hw_accel"),
    commands=_BLSUKI,
    bls="upstream",
)
SUSE = Family(
    name="suse",
    loader="SUSE's GRUB",
    commands=_BLSCFG | _BTRFS | _HIDDEN | {"read_file"},
    bls="suse",
    subvolumes=True,
    snapshot_on_top=True,
    may_unrestrict=True,
)
NIXOS = replace(UPSTREAM, name="nixos", loader="NixOS' GRUB", commands=UPSTREAM.commands | _HIDDEN)

FAMILIES = {
    family.name: family
    for family in (
        *(DEBIAN, FEDORA, _RHEL_8, _RHEL_9),
        *(_UPSTREAM_2_06, _UPSTREAM_2_12, UPSTREAM, SUSE, NIXOS),
    )
}
