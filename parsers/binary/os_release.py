"""os-release(5): assignments as a shell would read them, without expansion. Pure."""

import re


def read(text: str) -> dict[str, str]:
    """The variables; a line that assigns nothing is passed over, the last of several counts."""
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
