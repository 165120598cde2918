"""os-release(5): assignments in a shell's syntax, without expansion.

line  = name, "=", value ;
value = "'", { character }, "'" | '"', { character }, '"' | { character } ;
"""

import re


def read(text: str) -> dict[str, str]:
    """Return the variables. Skip a line without an assignment. The last of several counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            found[name] = _value(value)
    return found


def _value(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return re.sub(r'\\([\\"$`\'])', r"\1", text)
