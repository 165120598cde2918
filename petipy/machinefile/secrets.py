"""Removal of passwords and their hashes from configurations. Pure."""

import re
from collections.abc import Collection, Iterable
from posixpath import basename

BLANK = "blanked"

_PBKDF2 = re.compile(r"(grub\.pbkdf2\.\w+\.[0-9]+)\.([0-9A-Fa-f]+)\.([0-9A-Fa-f]+)")
# crypt(5). $1$2 in a script is none.
_CRYPT = re.compile(r"(\$(?:1|2[abxy]?|5|6|7|y|gy)\$)[^\s\"'$]{0,64}\$[./A-Za-z0-9$=,]{20,}")
_IN_URL = re.compile(r"((?:://|\biscsi:)[^\s:/@]*:)[^\s@/]+(?=@)")
_SETTING = re.compile(
    # Possessive: a word may be as long as the file and must be tried only once.
    r"""((?<![\w.-])(?=[\w.-]*(?:passw|passphrase|rootpw|secret|psk))[\w.-]++[ \t]*+=[ \t]*)"""
    r"""(?!(?:""|'')(?![^\s;]))"""  # an empty password: lilo asks for it
    r"""(?!grub\.pbkdf2|\$)((?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|["'][^\n]*|\\.|[^\s"';\\])+)""",
    re.I,
)
# Without quotation marks lilo's value ends at the next setting.
_UNQUOTED = re.compile(
    r"""^(.*\bpassword[ \t]*=[ \t]*)(?!["'$])\S+(?:[ \t]+(?![\w-]+[ \t]*=|[\w-]+-\w+\b"""
    r"""|(?:restricted|mandatory|bypass|optional|lock|prompt|#)(?!\S))\S+)+""",
    re.I | re.M,
)
_MENU_PASSWD = re.compile(r"^([ \t]*menu[ \t]+(?:master[ \t]+)?passwd[ \t]+)\S.*", re.I | re.M)
_IPXE = re.compile(r"^([ \t]*set[ \t]+(?:\S+/)?password[ \t]+)\S.*", re.I | re.M)
_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s;]+)"""
_GAP = r"(?:[ \t]|\\\n)"  # a line may continue after any word
_GRUB = re.compile(
    rf"((?:^|[;{{]|\b(?:then|else|do)\b){_GAP}*password{_GAP}+(?!=){_WORD}{_GAP}+){_WORD}", re.M
)
_DISK = re.compile(rf"(\bcryptomount\b[^\n;]*?[ \t]-p[ \t]+){_WORD}")
_LEGACY = re.compile(r"^([ \t]*password[ \t]+(?:--\S+[ \t]+)?)\S.*", re.M)
_BLOCK = "# GRUB Environment Block\n"


def find_password_variables(texts: Iterable[str]) -> set[str]:
    """Return the variables that GRUB scripts use as passwords."""
    words = (m[0][len(m[1]) :] for text in texts for m in _GRUB.finditer(text))
    return {name for word in words for name in re.findall(r"\$\{?([A-Za-z_]\w*)", word)}


def blank_text(path: str, text: str, secret: Collection[str] = ()) -> str:
    """Blank passwords, plain or hashed, and values of `secret` variables.

    An environment block keeps its size.
    """
    new = _PBKDF2.sub(lambda m: f"{m[1]}.{'0' * len(m[2])}.{'0' * len(m[3])}", text)
    patterns = [_CRYPT, _IN_URL, _MENU_PASSWD, _IPXE, _DISK]
    patterns.append(_LEGACY if _is_legacy(path, text) else _GRUB)
    if basename(path).lower().startswith(("lilo.", "silo.", "yaboot.")):
        patterns.append(_UNQUOTED)
    if secret:
        patterns.append(re.compile(rf"((?:^|[\s;{{])(?:{'|'.join(sorted(secret))})=){_WORD}", re.M))
    for pattern in patterns:
        new = pattern.sub(lambda m: m[1] + BLANK, new)
    new = _SETTING.sub(lambda m: m[1] + _blank_quoted(m[2]), new)
    if text.startswith(_BLOCK) and len(new) != len(text):
        new = new.rstrip("#")
        new += "#" * (len(text) - len(new))
    return new


def _is_legacy(path: str, text: str) -> bool:
    """Return True for a menu of GRUB 0.97, whatever its name."""
    known = basename(path).lower() in ("menu.lst", "grub.conf")
    return known or bool(re.search(r"^[ \t]*title[ \t]", text, re.M))


def blank_bytes(piece: bytes) -> bytes:
    """Blank passwords in a piece of a file and keep its length: its offsets count."""
    try:
        text = piece.decode("ascii")
    except UnicodeDecodeError:
        return piece
    return blank_text("", text).ljust(len(text))[: len(text)].encode()


def _blank_quoted(value: str) -> str:
    if value[0] not in "\"'":
        return BLANK
    closed = len(value) > 1 and value[-1] == value[0]
    return f"{value[0]}{BLANK}{value[0] if closed else ''}"
