"""The texts that are translated, read from the sources; catalogues as gettext's tools read them.

python3 -m tests.ui.languages.messages          prints a template for a new catalogue
python3 -m tests.ui.languages.messages CODE     prints what a catalogue lacks, and has too much
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[3]
CATALOGUES = TOP / "petipy/ui/languages"
# Calls with a text that is translated: name → the positions and the keywords of such texts.
_CALLS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "phrase": ((0,), ()),
    "_phrase": ((0,), ()),
    "mark": ((0,), ()),
    "plural": ((1,), ()),
    "Key": ((1, 2), ("help", "footer")),
    "replace": ((), ("help", "footer")),
    "Registration": ((), ("title",)),
    "Action": ((), ("title",)),
    "Setting": ((), ("help",)),
}


class Message(NamedTuple):
    """A text, with its plural if it has one, and the file that it is in."""

    text: str
    many: str
    place: str


def find_messages() -> list[Message]:
    """Return all texts in the order of the files, each once."""
    found: dict[str, Message] = {}
    for path in sorted((TOP / "petipy").rglob("*.py")):
        for message in read_source(path.read_text(), str(path.relative_to(TOP))):
            found.setdefault(message.text, message)
    return [*found.values()]


def read_source(source: str, place: str = "") -> Iterator[Message]:
    """Yield the texts in a source. ValueError for one that cannot be read without running it."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        positions, keywords = _CALLS.get(name, ((), ()))
        texts = [node.args[at] for at in positions if at < len(node.args)]
        texts += [k.value for k in node.keywords if k.arg in keywords]
        many = node.args[2] if name == "plural" else None
        for text in texts:
            if isinstance(text, ast.JoinedStr | ast.BinOp):
                raise ValueError(f"{place}:{text.lineno}: a text is put together before `{name}`")
            if isinstance(text, ast.Constant) and text.value:
                other = many.value if isinstance(many, ast.Constant) else ""
                yield Message(str(text.value), str(other), place)


def quote(text: str) -> str:
    """Return a text as a .po file has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def write_template() -> Iterator[str]:
    """Yield the lines of a catalogue without translations."""
    yield from ('msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=UTF-8\\n"', "")
    for message in find_messages():
        yield f"#: {message.place}"
        yield f"msgid {quote(message.text)}"
        if message.many:
            yield f"msgid_plural {quote(message.many)}"
            yield from ('msgstr[0] ""', 'msgstr[1] ""', "")
        else:
            yield from ('msgstr ""', "")


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in write_template()))
