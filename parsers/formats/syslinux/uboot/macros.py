"""U-Boot's variables in a command line (common/cli_simple.c: cli_simple_process_macros)."""


def expand(text: str) -> tuple[str, list[str]]:
    """Return the text as U-Boot hands it on, and the names of the variables in it.

    The values are the firmware's and not known: they are left out, as U-Boot leaves out a variable
    without a value. A backslash is dropped and protects the character behind it. Within single
    quotes, which are dropped too, nothing is special.
    """
    result, names = [], []
    quoted, before, at = False, "", 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\" and before != "\\" and not quoted:
            if at == len(text):
                break
            before, character = character, text[at]
            at += 1
        if character == "'" and before != "\\":
            quoted = not quoted
        elif character == "$" and before != "\\" and not quoted:
            name, at = _name(text, at)
            if name is None:
                result.append(f"${text[at : at + 1]}" if at < len(text) else "")
                at += 1
            else:
                names.append(name)
        else:
            result.append(character)
        before = character
    return "".join(result), names


def _name(text: str, at: int) -> tuple[str | None, int]:
    """Return the name of the variable behind a $ and the place behind it; or None."""
    if text[at : at + 1] not in ("(", "{"):
        return None, at
    end = next((n for n in range(at, len(text)) if text[n] in ")}"), len(text))
    return text[at + 1 : end], end + 1
