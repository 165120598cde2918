"""Statements whose words do not depend on where they stand: each has a function. Pure."""

import re
from collections.abc import Callable

from petipy.machinefile.names import GAP, split_title
from petipy.machinefile.words import TOKEN, Words

_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s;]+)"""
_PASSWORD_OF_MENU = re.compile(r"(?i)([ \t]*(?:master[ \t]+)?passwd[ \t]+)(.*)", re.S)
_TEXT_OF_MENU = re.compile(r"(?i)([ \t]*(?:tabmsg|passprompt|autoboot)[ \t]+)(.*)", re.S)
# Their words are only shown.
PRINTED = ("echo", "say", "init-message", "pause-message", "description", "dev_description")


def menu(words: Words, rest: str) -> str:
    """Blank a statement MENU …: only a password is a secret."""
    if match := _PASSWORD_OF_MENU.match(rest):
        return match[1] + words.hide(match[2])
    if match := _TEXT_OF_MENU.match(rest):
        return match[1] + words.mask(match[2])
    return words.scrub(rest)


def title(words: Words, rest: str) -> str:
    """Keep title and options of GRUB's menuentry, and look at each of its arguments."""
    show = {True: words.scrub, False: words.word}
    return "".join(show[shown](word) for word, shown in split_title(rest))


def initrd(words: Words, rest: str) -> str:
    """Keep the first name, and look at each word after it: iPXE has arguments there."""
    lead, body = split_gap(rest)
    first = get_first(body)

    def shown(match: re.Match[str]) -> str:
        place = re.match(r"@\w+=", match[0])  # @NAME=FILE of GRUB4DOS
        at = place.end() if place else 0
        return match[0][:at] + words.file(match[0][at:]) if match["word"] else match[0]

    return lead + words.scrub(first) + TOKEN.sub(shown, body[len(first) :])


def passphrase(words: Words, rest: str) -> str:
    """Blank the passphrase among the arguments of cryptomount."""
    pattern = rf"(\s(?:-p|--password)[ =]+|\s-p(?=\S))({_WORD})"
    return re.sub(pattern, lambda m: m[1] + words.hide(m[2]), words.scrub(rest))


def parameter(words: Words, rest: str) -> str:
    """Blank the value of a parameter of iPXE's HTTP requests."""
    match = re.match(r"(\s*(?:--params?\s+\S+\s+)?\S+\s+)(.*)", rest, re.S)
    return match[1] + words.hide(match[2]) if match else rest


def pattern(words: Words, rest: str) -> str:
    """Blank the words of a regular expression but what is a path or stands openly."""

    def word(match: re.Match[str]) -> str:
        plain = re.sub(r"\[\^?[^\]\n]{1,8}\][+*]|\.[*+]|[\^()\\]", "", match[0])
        return match[0] if words.is_open(plain) else words.word(match[0])

    return TOKEN.sub(lambda m: word(m) if m["word"] else m[0], rest)


def get_first(text: str) -> str:
    """Return the first word with its quotation marks; "" if the text begins with none."""
    match = TOKEN.match(text)
    return match[0] if match and match["word"] else ""


def split_gap(text: str) -> tuple[str, str]:
    """Split a text into its leading white space and the rest."""
    match = re.match(rf"{GAP}*", text)
    assert match
    return match[0], text[match.end() :]


STATEMENTS: dict[str, Callable[[Words, str], str]] = {
    "menu": menu,
    **dict.fromkeys(("menuentry", "submenu", "hiddenentry"), title),
    **dict.fromkeys(("initrd", "initrd16", "initrdefi"), initrd),
    "cryptomount": passphrase,
    "param": parameter,
    "regexp": pattern,
    **dict.fromkeys(PRINTED, Words.mask),
}
