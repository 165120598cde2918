"""Decide which words of a configuration a capture keeps, and blank the others. Pure.

A word stays if it is on a list (`allowed`), if it has the form of a path, of a device or of a
variable, or if it stands openly in the same configuration: as a title, as a label, as the UUID of
a volume. Anything else may be a secret.
"""

import re
from collections.abc import Callable, Collection

from petipy.machinefile import allowed

BLANK = "blanked"

# Names of variables whose values are never kept, whatever their form.
SECRET_NAME = re.compile(
    r"pass|pwd|passwd|pw$|secret|token|cred|auth|psk|(?<!menu)(?<!hot)key(?!map|board|table)|\bpin$|"
    r"_pin|private|salt|user|login|account|otp|sign",
    re.I,
)
PBKDF2 = re.compile(r"(grub\.pbkdf2\.\w+\.[0-9]{1,9})\.([0-9A-Fa-f]+)\.([0-9A-Fa-f]+)")
# crypt(5). $1$2 in a script is none.
_CRYPT = re.compile(r"(\$(?:1|2[abxy]?|4|5|6|7|y|gy)\$)(?:[^\s\"'$]{0,64}\$)+[./A-Za-z0-9$=,+]{8,}")
# A password may hold "@", quotation marks and, where people forgot to quote it, "/".
_USER_OF_URL = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/]{1,500}(?=@)", re.I)
_USER_OF_DISK = re.compile(r"(\biscsi:)[^\s]{1,500}(?=@)", re.I)
_PASSWORD_IN_URL = re.compile(r"(://[^\s/@:\"']*:)(?!\d+/)[^\s\"']{1,200}(?=@)")
# Where no address of a host is expected before the name of a user.
_USER_AT_HOST = re.compile(
    r"""(\((?:https?|tftp),|(?:^|(?<=[\s=]))\w{1,40}:(?!//))[^\s@"')]{1,200}(?=@)"""
)
_PASSWORD_AT_HOST = re.compile(r"((?:^|[=:,/])[^\s:/@=,\"']*:)[^\s:/@\"']+(?=@)")
_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s?#\"']{0,300}[?#])[^\s\"']+", re.I)
_NAMED = re.compile(
    r"((?<![\w-])(?=[\w-]*(?:pass|token|secret|api-?key|kennwort|contrase|senha)|(?:pw|pwd|pin|psk|login|credentials?)\b)"
    r"[\w-]++[\"']?(?:\s*[:=]\s*|\s+is\s+|\s+)[\"']?)(?![:=]|\s)[^\s\"',;)\]}]+",
    re.I,
)
_TOLD = re.compile(
    r"(?<![^\s\"'])()[^\s\"']{1,100}+(?=\s+is\s+the\s+(?:pass|pin\b|secret|login))", re.I
)
_IN_URLS = (
    *(_USER_OF_URL, _USER_OF_DISK, _PASSWORD_IN_URL, _USER_AT_HOST, _QUERY, _PASSWORD_AT_HOST),
)
# Settings within the value of a parameter.
_PART = re.compile(r"""((?:\A|[,;])["'\\]*([A-Za-z][\w.-]{0,40})=)([^,;"']+)""")
_PEM = re.compile(r"-----BEGIN .*")
_RANDOM = re.compile(r"[A-Za-z0-9+=_-]{16,}")
_VARIABLE = re.compile(r"\$(?:\{[\w./:+-]*\}|\w+|[?#@*!-])")
# Quotation marks and variables in a word: what is between them may be a secret.
_FRAME = re.compile(rf"""(["']+|\\.|{_VARIABLE.pattern})""", re.S)
_DEEPEST = 10  # quotation marks within others
_SHORT = 2  # letters of a word that is too short for a secret
_OPERATORS = re.compile(
    r"[-=!<>~|&()\[\]{}.,:+*/\\^$?;@%]*|-[a-z]|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef)|]"
)
_OPTION = re.compile(r"--[a-z][a-z0-9-]{0,30}|-[a-z]{2,5}-")
_STEP = r"[\w.+@~%:;,{}$^*?#-]"
_PATH = re.compile(
    rf"(?:[a-z]{{0,6}}\([\w/,.:@{{}}$-]*\)|\$\{{?[\w./:-]+\}}?)?/*(?:{_STEP}+/+)*{_STEP}*"
)
_FILE = re.compile(
    r"[\w.+${}-]+\.(?:img|gz|xz|zst|lz4|lzma|bz2|iso|cfg|conf|efi|mod|pf2|lst|dtb|dtbo|itb|fit|c32|bss|elf"
    r"|bin|ipxe|cpio|squashfs|txt|png|jpg|tga|msg|cgz|wim|pxe|0|sys|com|krn|cramfs|uki|map)"
    r"|(?:vmlinu[xz]|initr(?:d|amfs)|bzImage|zImage|Image|linux|kernel)[\w.+-]*",
    re.I,
)
_NAMED_FILE = re.compile(
    r"[\w./+@%:${}()-]*(?:vmlinu|linux|kernel|initr|image)[\w./+@%:${}()-]*", re.I
)
_DEVICE = re.compile(
    r"\(?(?:(?:hd|cd|fd|rd|usb|md|ahci|ata|nd|efidisk|crypto|net|eth|ens|eno|enp|dm-|loop|ttyS|tty"
    r"|ttyAMA|hvc|nvme|mmcblk|msdos|gpt)\d{1,3}(?:[a-z]\d{1,2}){0,2}|(?:sd|vd|xvd)[a-z]\d{0,2}"
    r"|lvm|lvmid|mduuid|md|cryptouuid|ieee1275|proc|memdisk|loop|tftp|https?|pxe|tty)"
    r"(?:[,/:.][\w/,.:@-]*)?\)?"
)
_NUMBER = re.compile(
    r"(?:\([\w,]+\))?[0-9]*\+[0-9]+(?:,[0-9]+\+[0-9]+)*"  # blocks
    r"|[+-]?[0-9]{1,3}|0x[0-9a-fA-F]{1,4}|[0-9]+(?:\.[0-9]+){1,3}"
)
_FLAG = re.compile(
    r"(?:rd|inst|fsck|net|petipy|plymouth|systemd)(?:\.[a-z][a-z_-]{1,20}){1,2}"
    r"|rd_NO_[A-Z]{2,9}|\.[a-z]{2,8}"  # a section of a program
)
# The pieces of printed text: marks and options, variables, words.
_PIECE = re.compile(
    r"""(?P<kept>\s-[a-z]\b|\\.|["'\s]+|[^\s"'\\$\w]+)|(?P<variable>\$\{?\w+\}?)"""
    r"""|[^\s"'\\$]+(?:[ \t]+\w[^\s"'\\$]*)*|\$"""
)
_PARAMETER = re.compile(r"""(["']?)([A-Za-z_][\w.:/-]{0,60}?)(\+?=)(.*)""", re.S)
_QUOTED = re.compile(r"""(["'])(.*)\1""", re.S)
TOKEN = re.compile(
    r"(?P<gap>(?:[ \t\r\v\f]|\\\r?\n)+)"
    r"""|(?P<word>(?:'[^'\n]*'|"(?:[^"\\\n]|\\.)*"|\\[^\n]|[^\s\\'"]|['"\\])+)|(?P<end>\n)"""
)


class Words:
    """A blanker of words; it counts what it blanks.

    `open_words` stand openly anyway; `variables` are the names of variables. Equal words get equal
    replacements, so that a script that compares them goes on as it did. With `same_size` nothing
    changes its length in bytes.
    """

    def __init__(
        self,
        open_words: Collection[str] = (),
        variables: Collection[str] = (),
        *,
        same_size: bool = False,
    ) -> None:
        self.open_words = {*open_words}
        self._variables = {*variables, *allowed.PLAIN_VARIABLES, *allowed.OTHER_VARIABLES}
        self.count = 0
        self._same_size = same_size
        self._depth = 0  # of quotation marks within others
        self._numbers: dict[str, int] = {}

    def blank(self, value: str) -> str:
        """Return the replacement of a secret; "" and what is blanked already stay."""
        if not value or value.startswith(BLANK):
            return value
        if self._same_size:
            return self._replace(value)
        self.count += 1
        return BLANK

    def _replace(self, core: str) -> str:
        """Return the replacement of a word that may be compared with others."""
        if core.startswith(BLANK):
            return core
        number = str(self._numbers.setdefault(core, len(self._numbers) + 1))
        self.count += 1
        if self._same_size:
            size = len(core.encode("utf-8", "surrogateescape"))
            return number.rjust(size, "x")[-size:]
        return f"{BLANK}{number}"

    def scrub(self, text: str) -> str:
        """Return a text that stays, without what has the form of a secret in it."""
        text = PBKDF2.sub(self._empty_hash, text)
        for pattern in (_CRYPT, *_IN_URLS, _NAMED, _TOLD):
            text = pattern.sub(self._blank_between_quotes, text)
        text = _PEM.sub(lambda m: self.blank(m[0]), text)
        return _RANDOM.sub(lambda m: self.blank(m[0]) if is_random(m[0]) else m[0], text)

    def _blank_between_quotes(self, match: re.Match[str]) -> str:
        """Blank a match after its first group, but for quotation marks."""
        parts = re.split(r"""(\\?["'])""", match[0][len(match[1]) :])
        return match[1] + "".join(p if p[-1:] in ("'", '"') else self.blank(p) for p in parts)

    def _empty_hash(self, match: re.Match[str]) -> str:
        self.count += 1
        return f"{match[1]}.{'0' * len(match[2])}.{'0' * len(match[3])}"

    def words(self, text: str) -> str:
        """Look at each word by itself: a command line, or arguments."""
        return TOKEN.sub(lambda m: self.word(m[0]) if m["word"] else m[0], text)

    def word(self, word: str) -> str:
        if quoted := _QUOTED.fullmatch(word):
            mark, inner = quoted[1], quoted[2]
            self._depth += 1
            if self._depth > _DEEPEST:
                inner = self._replace(inner)
            else:
                inner = self.words(inner) if re.search(r"\s", inner) else self.word(inner)
            self._depth -= 1
            return f"{mark}{inner}{mark}"
        if (match := _PARAMETER.fullmatch(word)) and not is_padded(match[2], match[4]):
            return self._parameter(*match.groups())
        if option := re.fullmatch(r"(--([a-z][a-z0-9-]*)=)(.*)", word, re.S):
            show = self._close if SECRET_NAME.search(option[2]) else self.word
            return option[1] + show(option[3])
        if self.is_open(word):
            return self.scrub(word)
        if "://" in word or word.startswith("iscsi:"):
            return self.scrub(word)
        if ":" in word and (first := word.partition(":"))[0] in ("newc", "nfs", "tftp"):
            return f"{first[0]}:{self.scrub(first[2])}"
        return "".join(
            piece if self._is_frame(piece) or len(piece) <= _SHORT else self._replace_piece(piece)
            for piece in _FRAME.split(word)
        )

    def _replace_piece(self, piece: str) -> str:
        """Replace a part of a word; what may be a variable without a value stays one."""
        mark = piece[: re.fullmatch(r"\$\w+", piece) is not None]
        return mark + self._replace(piece[len(mark) :])

    def hide(self, value: str) -> str:
        """Blank all of a text but its quotation marks, variables and the form of a hash."""
        core = value.strip()
        lead, _, tail = value.partition(core) if core else (value, "", "")
        if PBKDF2.fullmatch(core.strip("\"'")):
            return self.scrub(value)
        mark, end, inner = _split_quotes(core)
        if not self.drop_variables(inner):
            return value
        return lead + mark + self.blank(inner) + end + tail

    def mask(self, rest: str) -> str:
        """Blank what is printed; variables and options stay."""

        def piece(match: re.Match[str]) -> str:
            if match["variable"] and not self.drop_variables(match[0]):
                return match[0]
            return match[0] if match["kept"] else self.blank(match[0])

        return _PIECE.sub(piece, rest)

    def drop_variables(self, text: str) -> str:
        """Return a text without the variables in it that are known to be variables."""
        return _VARIABLE.sub(lambda m: "" if self._is_frame(m[0]) else m[0], text)

    def _is_frame(self, piece: str) -> bool:
        """Return True for quotation marks, an escaped character, a variable."""
        if piece.startswith("$"):
            name = piece[1:]
            if not re.match(r"\w", name):
                return True
            return name in self._variables or (name.isdecimal() and len(name) <= _SHORT)
        return bool(_FRAME.fullmatch(piece))

    def file(self, word: str) -> str:
        """Keep the name of a file, where a statement has one."""
        named = _NAMED_FILE.fullmatch(word) and not is_random(word)
        return self.scrub(word) if named else self.word(word)

    def is_open(self, word: str) -> bool:
        """Return True for a word that tells nothing secret."""
        word = re.sub(r"""["'\\]""", "", word)
        if (
            len(word) <= _SHORT
            or re.sub(r"^\d+:", "", word) in self.open_words
            or word.lower() in allowed.FLAGS
        ):
            return True
        rest = self.drop_variables(word)
        if _OPERATORS.fullmatch(rest) or _NUMBER.fullmatch(rest) or _OPTION.fullmatch(word):
            return True
        if _FLAG.fullmatch(word) or _FILE.fullmatch(word) or _DEVICE.fullmatch(word):
            return not is_random(word)
        if rest != word and rest in self.open_words:
            return True
        return "/" in word and bool(_PATH.fullmatch(word)) and self._is_path(word)

    def _is_path(self, word: str) -> bool:
        placed = word[0] in "/($." or "(" in word or _FILE.fullmatch(word.rpartition("/")[2])
        return bool(placed) and not any(map(is_random, word.split("/")))

    def _parameter(self, mark: str, name: str, sign: str, value: str) -> str:
        """Blank the value of a parameter of the kernel or of an option, unless a list has it."""
        key = name.lower().replace("_", "-")
        shown = self._replace(name) if is_random(name) else name
        show: Callable[[str], str] = self._close
        if key in _OPTION_PARAMETERS:
            show = self.options
        elif key in _PARAMETERS:
            show = self._listed
        return f"{mark}{shown}{sign}{show(value)}"

    def _listed(self, value: str) -> str:
        """Keep the value of a listed parameter, but not what else somebody put into it."""
        if re.search(r"\s", value):
            return self.words(value)

        def part(match: re.Match[str]) -> str:
            known = match[2].lower().replace("_", "-") in _PARTS
            keep = known or "://" in match[3] or self.is_open(match[3])
            return match[0] if keep else match[1] + self.blank(match[3])

        return _PART.sub(part, self.scrub(value))

    def _close(self, value: str) -> str:
        """Blank a value in its quotation marks; variables are none."""
        core = value.strip("\"'\\")
        if not self.drop_variables(core):
            return value
        before, _, after = value.partition(core)
        if core.count("'") % 2 or core.count('"') % 2:  # 'a'b
            parts = re.split(r"""(\\?["'])""", value)
            return "".join(p if p[-1:] in ("'", '"') else self.blank(p) for p in parts)
        return before + self.blank(core) + after

    def options(self, text: str) -> str:
        """Blank the values of mount options, besides those of a list."""

        def option(match: re.Match[str]) -> str:
            name, sign, value = match[1], match[2], match[3]
            if sign:
                known = name.lower() in allowed.MOUNT_OPTIONS
                return f"{name}={self.scrub(value) if known else self.blank(value)}"
            return name if self.is_open(name) or name.startswith("x-") else self._replace(name)

        return re.sub(r"([^\s,=]+)(=?)([^\s,]*)", option, text)


_PARAMETERS = {name.replace("_", "-") for name in allowed.PARAMETERS}
_OPTION_PARAMETERS = {name.replace("_", "-") for name in allowed.OPTION_PARAMETERS}
_PARTS = _PARAMETERS | allowed.MOUNT_OPTIONS | {"source", "target", "lvm", "cipher", "hash"}


def _split_quotes(text: str) -> tuple[str, str, str]:
    """Split off the quotation marks around a text; one that is open stays open."""
    mark = text[0] if text[:1] in ("'", '"') else ""
    plain = re.sub(r"\\.", "", text, flags=re.S)  # without escaped marks
    count = plain.count(mark) if mark else 0
    if count == 2 and text.endswith(mark):
        return mark, mark, text[1:-1]
    if count % 2:
        return mark, "", text[1:]
    last = text[-1] if plain[-1:] in ("'", '"') and plain.count(plain[-1]) % 2 else ""
    return "", last, text[: len(text) - len(last)]


def is_padded(name: str, value: str) -> bool:
    """Return True if NAME= is a word in base64."""
    mixed = name != name.lower() and name != name.upper()
    return value.startswith("=") or (not value and mixed)


def is_random(word: str) -> bool:
    """Return True for a word that looks like a key: long, of upper and lower case and digits."""
    return any(
        len(part) >= 16
        and re.search("[a-z]", part) is not None
        and re.search("[A-Z]", part) is not None
        and re.search("[0-9]", part) is not None
        for part in re.findall(r"[A-Za-z0-9+=]+", word)
    )
