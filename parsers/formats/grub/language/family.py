"""The two GRUBs that are out there: Debian's, which is as upstream's, and Red Hat's.

Both call themselves 2.06 or 2.12. What tells their languages apart is here, one field each, so
that nothing else has to ask for a name.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What one family of GRUBs does its own way."""

    name: str
    loader: str  # in words
    keeps_hex: bool  # \xNN outside quotes stays as it is, and so it does on a command line
    eval_reports: bool  # eval of a text that ends in a newline gives the status of its last command
    copies_all: bool  # submenus and nested configurations see all variables, not the exported only
    after_success: bool  # an entry boots only if the last command of its body succeeds
    names_first: bool  # in default: ids, titles, then numbers; and ids count in fallback
    commands: frozenset[str]  # the commands that only this one has


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
# Commands and variables that only Red Hat's GRUB has a use for, the labels of its installers and
# live systems, and the statement by which those find their own medium.
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
# What has /boot/grub2 but a GRUB that is not Red Hat's.
_OTHER = re.compile(
    r"(?i)(?<![a-z])(?:(?:open)?suse|sle[ds]?(?![a-z])|mageia|openmandriva|void(?!\w)|solus)"
    r"|\bbtrfs_relative_path\b"  # SUSE's own, also where a file has no other word of theirs
)


def family_of(path: str, text: str) -> Family:
    """The family that a configuration is written for, by what it says and where it lies.

    With nothing to go by it is Debian's: most of its differences are upstream's own.
    """
    if _FEDORA_ONLY.search(text):
        return FEDORA
    both = f"{path}\n{text}"
    place = both if path.lower().startswith("/efi/") else path
    return FEDORA if _FEDORA_PLACE.search(place) and not _OTHER.search(both) else DEBIAN
