"""The two families of GRUB: Debian's, which is as upstream's, and Red Hat's.

Both call themselves 2.06 or 2.12. Each difference between their languages is a field here, so that
no other module asks for a name.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The peculiarities of one family of GRUBs."""

    name: str
    loader: str  # its boot loader, in words
    keeps_hex: bool  # \xNN stays as it is, outside quotes and on a command line
    eval_reports: bool  # eval of a text with a final newline has the status of its last command
    copies_all: bool  # submenus and nested configurations see all variables, not only exported ones
    after_success: bool  # an entry boots only if the last command of its body succeeds
    names_first: bool  # in default: ids, titles, then numbers; in fallback: ids, too
    commands: frozenset[str]  # that no other family has


DEBIAN = Family(
    name="debian",
    loader="Debian's GRUB",
    keeps_hex=False,
    eval_reports=False,
    copies_all=False,
    after_success=False,
    names_first=False,
    commands=frozenset(),
)
FEDORA = Family(
    name="fedora",
    loader="Red Hat's GRUB",
    keeps_hex=True,
    eval_reports=True,
    copies_all=True,
    after_success=True,
    names_first=True,
    commands=frozenset(["bls_import", "blscfg", "decrement", "increment"]),
)
FAMILIES = {family.name: family for family in (DEBIAN, FEDORA)}

_SYSTEMS = (
    "almalinux|bazzite|centos|circle|eurolinux|fedora|nobara|oracle|redhat|rhel|rocky|scientific"
)
# Commands and variables of Red Hat's GRUB alone, the labels of its installers and live systems,
# and the statement by which these find their medium.
_FEDORA_ONLY = re.compile(
    rf"""(?mx) ^search[ ] [^#\n]*? (?:-l|-label|--fs-label)[ ]['"]? (?i:{_SYSTEMS}|OL)[- \d\\]
    | ^ [^#\n]*? (?:
        (?:^ | [;{{] | \b(?:then|else|do)\b) [ \t]* (?:blscfg|bls_import|increment|decrement)\b
        | \b(?:default_)?kernelopts\b
        | \binsmod[ \t]+(?:blscfg|increment)\b
        | \bsearch[ ][^\n#]*--root-dev-only\b
        | [ ](?:inst\.(?:stage2|repo)|root)=\S*LABEL=\S*\\x[0-9a-fA-F]{{2}}
    )"""
)
_FEDORA_PLACE = re.compile(rf"(?i)/EFI/(?:{_SYSTEMS})/|/grub2(?![\w.-])")
# Other systems that have /boot/grub2.
_OTHER = re.compile(
    r"(?i)(?<![a-z])(?:(?:open)?suse|sle[ds]?(?![a-z])|mageia|openmandriva|void(?!\w)|solus)"
    r"|\bbtrfs_relative_path\b"  # SUSE's, even in a file without any other word of SUSE's
)


def find_family(path: str, text: str) -> Family:
    """Return the family that a configuration is written for, by its text and its place.

    Without a sign it is Debian's: most of its peculiarities are upstream's.
    """
    if _FEDORA_ONLY.search(text):
        return FEDORA
    both = f"{path}\n{text}"
    place = both if path.lower().startswith("/efi/") else path
    return FEDORA if _FEDORA_PLACE.search(place) and not _OTHER.search(both) else DEBIAN
