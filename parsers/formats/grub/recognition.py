"""Tell which family of GRUBs a configuration is for. In this order:

1. By words of the text that only one family knows: Red Hat's `increment`, SUSE's
   $btrfs_relative_path, the command `uki` of 2.14, the labels of Red Hat's media.
2. By /etc/os-release beside it.
3. By its place: of the systems with /boot/grub2, most have Red Hat's GRUB.
4. By the commands of the modules beside it (command.lst), which tell 2.14 from an older one.

Without a sign it is Debian's: most of its peculiarities are upstream's. These cannot be told apart,
and the first is taken, which boots right what the others do:

- Debian's, upstream's 2.06 and 2.12. Nothing that is read differs between them.
- Red Hat's newest and older ones, without an os-release. Nobody writes `\\$` in an entry for a GRUB
  that drops what follows.
"""

import re
from collections.abc import Iterable, Mapping
from posixpath import dirname

from parsers.api import Files
from parsers.binary import os_release
from parsers.formats.grub.language.family import (
    DEBIAN,
    FAMILIES,
    FEDORA,
    NIXOS,
    SUSE,
    UPSTREAM,
    Family,
)

_SYSTEMS = (
    "almalinux|bazzite|centos|circle|eurolinux|fedora|nobara|oracle|redhat|rhel|rocky|scientific"
)
_COMMAND = r"(?:^ | [;{] | \b(?:then|else|do)\b) [ \t]*"
# The labels of Red Hat's installers and live systems.
_FEDORA_LABEL = re.compile(
    rf"""(?mx) ^search[ ] [^#\n]*? (?:-l|-label|--fs-label)[ ]['"]? (?i:{_SYSTEMS}|OL)[- \d\\]"""
)
# Commands and variables of Red Hat's GRUB alone, and the statement by which those find their
# medium. The words beside each expression spare most files the search: one is in each match.
_FEDORA_WORDS = ("increment", "decrement", "kernelopts", "--root-dev-only", "LABEL=")
_FEDORA_ONLY = re.compile(
    rf"""(?mx) ^ [^#\n]*? (?:
        {_COMMAND} (?:increment|decrement)\b
        | \b(?:default_)?kernelopts\b
        | \binsmod[ \t]+increment\b
        | [ \t]--root-dev-only\b
        | [ ](?:inst\.(?:stage2|repo)|root)=(?>\S*?LABEL=)\S*\\x[0-9a-fA-F]{{2}}
    )"""
)
# The command that Red Hat's GRUB had first, and its module there.
_BLSCFG = re.compile(
    rf"(?mx) ^ [^#\n]*? (?: {_COMMAND} (?:blscfg|bls_import)\b | \binsmod[ \t]+blscfg\b )"
)
# Upstream's module for it, its options and the command beside it, and what else is new in 2.14.
_UPSTREAM_ONLY = re.compile(
    rf"""(?mx) ^ [^#\n]*? (?:
        \binsmod[ \t]+blsuki\b
        | {_COMMAND} (?: blscfg[ \t]+-[-\w] | uki (?=[ \t;}}\n]|\Z) | tpm2_key_protector_\w+ )
        | \bfeature_(?:search_cryptodisk_only|tpm2_cap_pcrs|gcry_hw_accel)\b
    )"""
)
_UPSTREAM_WORDS = (
    *("uki", "blscfg", "tpm2_key_protector_"),
    *("feature_search_", "feature_tpm2_", "feature_gcry_"),
)
_HIDDEN = re.compile(rf"(?mx) ^ [^#\n]*? {_COMMAND} hiddenentry\b")
_FEDORA_PLACE = re.compile(rf"(?i)/EFI/(?:{_SYSTEMS})/|/grub2(?![\w.-])")
_EFI_PLACE = re.compile(rf"(?i)/EFI/(?:{_SYSTEMS})/")
_EFI_SUSE = re.compile(r"(?i)/EFI/(?:(?:open)?suse|sle[ds]?)(?![a-z])")
# SUSE declares it in every grub.cfg. A stub of Red Hat's may, too.
_RELATIVE = re.compile(r"(?m)^[^#\n]*\bbtrfs_relative_path\b")
_SUSE = re.compile(r"(?i)(?<![a-z])(?:(?:open)?suse|sle[ds]?(?![a-z]))")
# Other systems that have /boot/grub2.
_OTHER = re.compile(r"(?i)(?<![a-z])(?:mageia|openmandriva|void(?!\w)|solus)")

_RED_HATS_IDS = re.compile(rf"{_SYSTEMS}|ol")
_SUSES_IDS = re.compile(r"suse|sle[ds]|opensuse.*")
_VERSION = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?")
_RELEASES = ("/etc/os-release", "/usr/lib/os-release")
# The directories of modules, by platform, of the machines that GRUB is known to start.
_PLATFORMS = ("powerpc-ieee1275", "x86_64-efi", "arm64-efi", "i386-pc", "i386-efi", "riscv64-efi")

Release = Mapping[str, str]


def find_family(path: str, text: str, files: Files | None = None) -> Family:
    """Return the family that a configuration is written for; `files` is the tree that it is in."""
    release = _read_release(files) if files else {}
    system = _find_system(release)
    family = _by_text(text) or system or _by_place(path, text, files)
    if family is UPSTREAM and (system is SUSE or _is_relative(text)):
        family = SUSE  # it takes commands over before upstream releases them
    if family is FEDORA or (
        family is UPSTREAM and (system is FEDORA or _is_red_hats(path, text))  # it has `uki`, too
    ):
        return _choose_red_hat(release)
    nix = system is NIXOS or (not release and "nixos" in text.lower())
    return NIXOS if nix and family in (SUSE, UPSTREAM) else family


def _by_text(text: str) -> Family | None:
    if _FEDORA_LABEL.search(text) or _has(text, _FEDORA_WORDS, _FEDORA_ONLY):
        return FEDORA
    if _has(text, ("hiddenentry",), _HIDDEN):
        return SUSE
    return UPSTREAM if _has(text, _UPSTREAM_WORDS, _UPSTREAM_ONLY) else None


def _has(text: str, words: Iterable[str], expression: "re.Pattern[str]") -> bool:
    return any(word in text for word in words) and expression.search(text) is not None


def _by_place(path: str, text: str, files: Files | None) -> Family:
    """Return the family of a system that is not known, by the place and by other systems' words."""
    if _EFI_PLACE.search(path):
        return FEDORA
    if _is_relative(text) or _EFI_SUSE.match(path):
        return SUSE
    if _is_red_hats(path, text) and _SUSE.search(f"{path}\n{text}"):
        return SUSE
    newest = _has_command(files, path, "blsuki")
    if _has(text, ("blscfg", "bls_import"), _BLSCFG):
        return UPSTREAM if newest else FEDORA
    if _is_red_hats(path, text) and not _OTHER.search(f"{path}\n{text}"):
        return FEDORA
    return UPSTREAM if newest else DEBIAN


def _is_relative(text: str) -> bool:
    return _has(text, ("btrfs_relative_path",), _RELATIVE)


def _is_red_hats(path: str, text: str) -> bool:
    """Return True for the places of Red Hat's files, which a file on an ESP may only name."""
    place = f"{path}\n{text}" if path.lower().startswith("/efi/") else path
    return _FEDORA_PLACE.search(place) is not None


def _read_release(files: Files) -> Release:
    for path in _RELEASES:
        try:
            if text := files.read(files.default(path)):
                return os_release.read(text)
        except OSError:
            continue
    return {}


def _find_system(release: Release) -> Family | None:
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    if any(map(_OTHER.fullmatch, names)):
        return None  # like Fedora in other things
    if any(map(_RED_HATS_IDS.fullmatch, names)):
        return FEDORA
    if any(map(_SUSES_IDS.fullmatch, names)):
        return SUSE
    return NIXOS if "nixos" in names else None


def _choose_red_hat(release: Release) -> Family:
    """Return the row for a release. RHEL 9 has had the changes of 2025 since 9.7."""
    match = _VERSION.fullmatch(release.get("VERSION_ID", ""))
    if match is None:
        return FEDORA
    major, minor = int(match[1]), int(match[2] or 99)
    old = major <= 40 if release.get("ID") == "fedora" else (major, minor) < (9, 7)
    if not old:
        return FEDORA
    return FAMILIES["rhel-8" if major < 9 else "rhel-9"]


def _has_command(files: Files | None, path: str, module: str) -> bool:
    """Return True if the modules beside a configuration have a command of this module."""
    for platform in _PLATFORMS if files else ():
        assert files
        try:
            listed = files.read(f"{dirname(path).rstrip('/')}/{platform}/command.lst")
        except OSError:
            continue
        if listed is not None:
            return re.search(rf"(?m): {module}$", listed) is not None
    return False
