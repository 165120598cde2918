"""Removal of secrets from configurations: what is not known to matter for booting is blanked. Pure.

A text is cut into statements, whatever its format. A statement's name decides which of its words
stay; `allowed` has the names. Words of unknown statements are looked at one by one, and comments
go. Quotation marks, separators and line numbers stay, so that every parser reads the text as
before.
"""

import re
from collections.abc import Callable, Collection
from posixpath import basename
from typing import NamedTuple

from petipy.machinefile import allowed
from petipy.machinefile.names import (
    GAP,
    find_defined_names,
    find_password_variables,
    find_title_variables,
    find_variables,
)
from petipy.machinefile.statements import PRINTED, STATEMENTS, get_first, split_gap
from petipy.machinefile.words import SECRET_NAME, TOKEN, Words, is_padded

_BLOCK = "# GRUB Environment Block\n"
_TOKEN = re.compile(
    r"(?P<comment>\#[^\r\n]*)"
    r"|(?P<gap>(?:[ \t\r\v\f]|\\\r?\n)+)"
    r"|(?P<end>\n|;|(?:\|\||&&)(?=\s|\Z)|[{}](?=[\s;]|\Z)|\{(?=[a-z]))"
    r"""|(?P<word>(?:'[^'\n]*'|"(?:[^"\\\n]|\\.)*"|\\[^\n]|[^\s;\\'"]|['"\\])+)""",
)
_RESERVED = re.compile(r"(?:(?:if|then|else|elif|while|until|do|!|time)(?:[ \t]|\\\n)+)*")
_ASSIGNMENT = re.compile(
    r"""([^\s=#;\\"'${}()\[|&<>!-][^\s=#;\\"'${}()\[|&<>!]{0,60}(?:\[[^\]\n]*\])?)"""
    r"([ \t]*=[ \t]*)(.*)",
    re.S,
)
_NEXT = re.compile(
    r"[ \t](?=[A-Za-z][\w./:-]{0,40}[ \t]*=|(?:restricted|mandatory|bypass|optional|lock|prompt|#"
    r"|[a-z]+-[a-z-]+)(?:\s|\Z))"
)
_KNOWN = allowed.PLAIN_STATEMENTS | allowed.FILE_STATEMENTS | allowed.WORD_STATEMENTS
_HELP = re.compile(r"^([ \t]*(?:text[ \t]+help|endtext)(?:[ \t\r]*$))", re.M | re.I)
_DEEPEST = 30  # settings in one line
Show = Callable[[str], str]


class Count(NamedTuple):
    """The number of values and of comments that were blanked."""

    values: int
    comments: int


class Blanker:
    """A blanker of the texts of one volume.

    `texts` are all of them. `statements` are the names of statements of all languages;
    `facts` are the names of volumes and other words that stand openly.
    """

    def __init__(
        self,
        texts: Collection[str],
        statements: Collection[str] = (),
        facts: Collection[str] = (),
        *,
        same_size: bool = False,
    ) -> None:
        open_words = {*find_defined_names(texts), *(fact for fact in facts if fact)}
        self._secret = find_password_variables(texts)
        self._shown = find_title_variables(texts) - self._secret
        variables = find_variables(texts)
        open_words |= variables
        self._words = Words(open_words, variables, same_size=same_size)
        self._statements = {*statements, *_KNOWN}
        self._same_size = same_size
        self._legacy = False
        self._depth = 0  # of statements within statements
        self._comments = 0

    def open(self, words: Collection[str]) -> None:
        """Keep these words from now on."""
        self._words.open_words |= {*words}

    def text(self, path: str, text: str) -> tuple[str, Count]:
        """Blank the secrets of a text. Return what was blanked, in numbers."""
        values, comments = self._words.count, self._comments
        self._legacy = _is_legacy(path, text)
        if text.startswith(_BLOCK):
            new = self._block(text)
        elif basename(path) == "fstab":
            new = "".join(map(self._mount, text.splitlines(keepends=True)))
        else:
            mark = text[: text.startswith("\ufeff")]
            body = self._help(text[len(mark) :])
            new = mark + self._script(body)
        return new, Count(self._words.count - values, self._comments - comments)

    def _help(self, text: str) -> str:
        """Blank what is between TEXT HELP and ENDTEXT: it is only shown."""
        if "endtext" not in text.lower():
            return text
        parts = _HELP.split(text)  # marks are at odd places
        for at in range(1, len(parts) - 2, 2):
            if "help" in parts[at].lower() and "help" not in parts[at + 2].lower():
                parts[at + 1] = self._words.mask(parts[at + 1])
        return "".join(parts)

    def _script(self, text: str) -> str:
        """Blank a text of statements."""
        out: list[str] = []
        start, after_word = 0, False  # of the statement
        for match in _TOKEN.finditer(text):
            if match["word"] or match["gap"]:
                after_word = bool(match["word"])
                continue
            if match["comment"] and after_word:
                continue
            out.append(self._statement(text[start : match.start()]))
            out.append(self._comment(match[0], match.start()) if match["comment"] else match[0])
            start, after_word = match.end(), False
        return "".join([*out, self._statement(text[start:])])

    def _comment(self, text: str, at: int) -> str:
        """Drop a comment. Names of distributions stay: a dialect may depend on them."""
        if at == 0 and re.fullmatch(r"#![ig]pxe\s*", text):
            return text
        words = re.findall(r"[a-z]+", text.lower())
        kept = " ".join(dict.fromkeys(w for w in words if w in allowed.DISTRIBUTIONS))
        self._comments += any(c.isalnum() for c in text) and text != f"# {kept}"
        new = (f"# {kept}" if kept else "#") + ("\\" if text.endswith("\\") else "")
        size = len(text.encode("utf-8", "surrogateescape"))
        return new.ljust(size)[:size] if self._same_size else new

    def _statement(self, raw: str) -> str:
        """Blank a statement with the white space around it."""
        lead = re.match(r"(?:\s|\\\r?\n)*", raw)
        assert lead
        reserved = _RESERVED.match(raw, lead.end())
        assert reserved
        before, body = raw[: reserved.end()], raw[reserved.end() :]
        if not body:
            return raw
        self._depth += 1
        try:
            return before + (self._words.words if self._depth > _DEEPEST else self._body)(body)
        finally:
            self._depth -= 1

    def _body(self, body: str) -> str:
        if re.fullmatch(r"\[[^\]\s][^\]]*\]\s*", body):
            return self._words.scrub(body)
        if label := re.match(r":\S*", body):
            return self._words.scrub(label[0]) + self._statement(body[label.end() :])
        match = _ASSIGNMENT.fullmatch(body)
        if match and not is_padded(match[1], match[3].strip()):
            return match[1] + match[2] + self._value(match[1], match[3])
        head = TOKEN.match(body)
        name = head[0] if head else ""
        key, rest = name.lower().rstrip("$"), body[len(name) :]
        if special := _SPECIAL.get(key):
            return name + special(self, rest)
        if key in STATEMENTS:
            return name + STATEMENTS[key](self._words, rest)
        if key in allowed.FILE_STATEMENTS:
            return name + self._file(rest)
        if key in allowed.PLAIN_STATEMENTS:
            return name + self._words.scrub(rest)
        if key in self._statements or name in self._statements or key.startswith("x-"):
            return name + self._words.words(rest)
        return self._words.words(body)

    def _value(self, name: str, value: str) -> str:
        """Blank the value of NAME=VALUE, and the further settings in the same line."""
        key = name.partition("[")[0].rpartition("/")[2].lower()
        plain = key in allowed.PLAIN_VARIABLES or key in allowed.PLAIN_STATEMENTS
        plain = plain or (name in self._shown and not SECRET_NAME.search(key))
        hidden = name in self._secret or SECRET_NAME.search(key) or key in PRINTED
        if hidden and not plain:
            return self._until_next(value, self._words.hide)
        if key in allowed.PARAMETERS or key in allowed.OPTION_PARAMETERS:
            return self._words.word(f"{name}={get_first(value)}")[
                len(name) + 1 :
            ] + self._statement(value[len(get_first(value)) :])
        if plain:
            return self._until_next(value, self._words.scrub)
        if key in allowed.FILE_STATEMENTS:
            return self._until_next(value, self._file)
        quoted = TOKEN.match(value)
        first = quoted[0] if quoted else ""
        inner = first[1:-1] if len(first) > 1 and first[0] == first[-1] in "\"'" else ""
        if inner:
            return first[0] + self._file(inner) + first[0] + self._statement(value[len(first) :])
        return self._until_next(value, self._words.words)

    def _until_next(self, value: str, show: Show) -> str:
        """Apply `show` up to the next setting of the line."""
        first = get_first(value)
        if following := _NEXT.search(value, len(first)):
            at = following.end()
            return show(value[: at - 1]) + value[at - 1] + self._statement(value[at:])
        return show(value)

    def _file(self, rest: str) -> str:
        """Keep options and the name of a file, and look at each word after it."""
        found = re.match(rf"{GAP}*(?:--[a-z][a-z0-9-]*(?:=\S*)?{GAP}+)*(?=\S)", rest)
        if found is None:
            return rest
        word = TOKEN.match(rest, found.end())
        end = word.end() if word else found.end()
        name = rest[found.end() : end]
        inner = name[1:-1]
        if name[0] in "\"'" and name[-1] == name[0] and re.search(r"\s", inner):
            shown = name[0] + self._file(inner) + name[0]
        else:
            shown = self._words.file(name)
        return self._words.words(rest[: found.end()]) + shown + self._words.words(rest[end:])

    def _set(self, rest: str) -> str:
        """Blank `set NAME=VALUE` of GRUB, or `set NAME VALUE` of iPXE."""
        lead, body = split_gap(rest)
        if match := _ASSIGNMENT.fullmatch(body):
            value = match[3]
            first = get_first(value)
            return f"{lead}{match[1]}{match[2]}{self._variable(match[1], first)}" + (
                self._words.words(value[len(first) :])
            )
        name, sign, value = get_first(body).partition("=")  # set "NAME=VALUE", set ${a}_b=VALUE
        more = body[len(name + sign + value) :]
        if sign:
            key = name.replace('"', "").replace("'", "")
            return lead + name + sign + self._variable(key, value) + self._words.words(more)
        return lead + name + self._variable(name.partition(":")[0], more)

    def _export(self, rest: str) -> str:
        return self._set(rest) if "=" in rest else self._words.scrub(rest)

    def _variable(self, name: str, value: str) -> str:
        key = name.rpartition("/")[2].lower()
        if key in allowed.PLAIN_VARIABLES:
            return self._words.scrub(value)
        if name in self._secret or SECRET_NAME.search(key):
            return self._words.hide(value)
        if key == "initrd" or key in allowed.FILE_STATEMENTS:
            return self._file(value)
        return self._words.scrub(value) if name in self._shown else self._words.words(value)

    def _password(self, rest: str) -> str:
        """Blank `password USER SECRET` of GRUB 2, or `password [--md5] SECRET` of GRUB 0.97."""
        words = [match for match in TOKEN.finditer(rest) if match["word"]]
        if not words:
            return rest
        if self._legacy or len(words) == 1:
            first = words[1] if words[0][0].startswith("--") and len(words) > 1 else words[0]
            return rest[: first.start()] + self._words.hide(rest[first.start() :])
        at = words[1].start()
        return rest[:at] + self._words.hide(rest[at:])

    def _default(self, rest: str) -> str:
        """Keep a label. SYSLINUX takes a command line, too."""
        lead, body = split_gap(rest)
        if body.strip() in self._words.open_words:
            return rest
        label = get_first(body)
        return lead + self._words.scrub(label) + self._words.words(body[len(label) :])

    def _eval(self, rest: str) -> str:
        """Blank a text that is itself a script."""
        lead, body = split_gap(rest)
        if len(body) > 1 and body[0] == body[-1] and body[0] in "\"'":
            return lead + body[0] + self._script(body[1:-1]) + body[0]
        return lead + self._script(body)

    def _block(self, text: str) -> str:
        """Blank an environment block and keep its size."""
        lines = [self._variable_line(line) for line in text[len(_BLOCK) :].rstrip("#").split("\n")]
        new = _BLOCK + "\n".join(lines)
        return new[: len(text)].ljust(len(text), "#")

    def _variable_line(self, line: str) -> str:
        name, sign, value = line.partition("=")
        if line.startswith("#"):
            return self._comment(line, 1)
        if not sign:
            return self._words.words(line)
        return f"{name}={self._variable(name, value)}"

    def _mount(self, line: str) -> str:
        """Blank a line of fstab."""
        if line.lstrip().startswith("#"):
            return self._comment(line.rstrip("\r\n"), 1) + line[len(line.rstrip("\r\n")) :]
        fields = re.split(r"(\s+)", line)
        at = 0  # the number of the field
        for index, field in enumerate(fields):
            if field and not field.isspace():
                fields[index] = self._words.options(field) if at == 3 else self._words.scrub(field)
                if at > 3:
                    fields[index] = self._words.word(field)
                at += 1
        return "".join(fields)


_SPECIAL = {
    "set": Blanker._set,
    "password": Blanker._password,
    "password_pbkdf2": Blanker._password,
    "export": Blanker._export,
    **dict.fromkeys(("default", "ontimeout", "onerror"), Blanker._default),
    "eval": Blanker._eval,
}


def _is_legacy(path: str, text: str) -> bool:
    """Return True for a menu of GRUB 0.97, whatever its name."""
    known = basename(path).lower() in ("menu.lst", "grub.conf")
    return known or bool(re.search(r"^[ \t]*title[ \t]", text, re.M))
