"""Names in configurations: what they define stands openly in them. Pure."""

import re
from collections.abc import Iterable, Iterator

from petipy.machinefile.words import TOKEN

GAP = r"(?:[ \t]|\\\n)"  # a line may continue after any word
_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s;]+)"""
_PASSWORD = re.compile(
    rf"(?:^|[;{{]|\b(?:then|else|do)\b){GAP}*password{GAP}+(?!=){_WORD}{GAP}+({_WORD})", re.M
)
# Names that a configuration defines: labels of iPXE, ids, functions, sections.
_DEFINED = re.compile(
    r"""^[ \t]*:([^\s]+)|^[ \t]*item[ \t]+(?:--?\w+(?:[ \t]+[^\s])?[ \t]+)*([^\s-]\S*)"""
    r"""|\bfunction[ \t]+([\w.-]+)|--id[ =]['"]?([^\s'"]+)|^[ \t]*\[([^\]\n]+)\]"""
    r"""|^[ \t]*label[ \t=]+["']?([^\s"']+)""",
    re.M | re.I,
)
# Names of variables: of an assignment, of `for`, of an option that sets one.
_SET = re.compile(
    r"([A-Za-z_]\w{0,40})=(?![=\s])|\bfor[ \t]+([A-Za-z_]\w{0,40})"
    r"|(?:--set|-s)[ =](?:\d+:)?([A-Za-z_]\w{0,40})"
    r"|\b(?:read|export|save_env|load_env|inc|decrement|increment|set)[ \t]+([A-Za-z_]\w{0,40})"
)
# The title of an entry; not its body, which may follow in the same line.
_TITLE = re.compile(r"^[ \t]*(?:menuentry|submenu|hiddenentry)([ \t](?:\$\{\w+\}|[^{\n])*)", re.M)
_LABEL = re.compile(r"^[ \t]*label[ \t]+(\S[^\n]*)", re.M | re.I)


def find_title_variables(texts: Iterable[str]) -> set[str]:
    """Return the variables in the titles of GRUB's menus: what they hold, everybody sees."""
    words = (word for text in texts for rest in _TITLE.findall(text) for word in split_title(rest))
    titles = (word for word, shown in words if shown)
    return {name for title in titles for name in re.findall(r"\$\{?([A-Za-z_]\w*)", title)}


def split_title(rest: str) -> Iterator[tuple[str, bool]]:
    """Yield the words after menuentry, and True for title and options; others are arguments."""
    titled = valued = False
    for match in TOKEN.finditer(rest):
        word = match[0]
        if not match["word"]:
            yield word, True
        elif word.startswith("--") or "menuentry_id_option" in word:
            valued = "=" not in word and word != "--unrestricted"
            yield word, True
        else:
            yield word, valued or not titled
            titled = titled or not valued
            valued = False


def find_password_variables(texts: Iterable[str]) -> set[str]:
    """Return the variables that GRUB scripts use as passwords."""
    words = (word for text in texts for word in _PASSWORD.findall(text))
    return {name for word in words for name in re.findall(r"\$\{?([A-Za-z_]\w*)", word)}


def find_defined_names(texts: Iterable[str]) -> set[str]:
    """Return the names that texts define: a word that is one of them is no secret."""
    texts = [*texts]
    labels = {label.strip() for text in texts for label in _LABEL.findall(text)}
    names = (name for text in texts for found in _DEFINED.findall(text) for name in found)
    return labels | {name for name in names if name}


def find_variables(texts: Iterable[str]) -> set[str]:
    """Return the names of variables that texts set. Any other $NAME may be a part of a secret."""
    return {name for text in texts for found in _SET.findall(text) for name in found if name}
