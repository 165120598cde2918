"""Commands that set, read, compare and count settings."""

from collections.abc import Sequence

from parsers.formats.ipxe.commands import command
from parsers.formats.ipxe.options import parse_options
from parsers.formats.ipxe.origin import TracedText
from parsers.formats.ipxe.outcome import CommandError
from parsers.formats.ipxe.run import Run
from parsers.formats.ipxe.values import TYPES, Value, parse_integer


@command("set")
def set_(run: Run, words: Sequence[str]) -> bool:
    name, *values = parse_options(words, least=1)[1]
    text = run.last(len(values))
    if not run.settings.put(name, text, run.origin("set")):
        raise CommandError(f"{name} cannot be {text.text!r}")
    return True


@command("clear")
def clear(run: Run, words: Sequence[str]) -> bool:
    name = parse_options(words, least=1, most=1)[1][0]
    return run.settings.put(name, TracedText(""), run.origin("clear"))


@command("read")
def read(run: Run, words: Sequence[str]) -> bool:
    """Leave a setting as it is: the user presses Enter. With a time limit no user does."""
    options, (name,) = parse_options(words, values="timeout", least=1, most=1)
    if "timeout" in options:
        return False
    if not run.settings.get(name):
        raise run.end(f"it asks for {name}, which cannot be typed in here")
    return True


@command("show")
def show(run: Run, words: Sequence[str]) -> bool:
    return run.settings.find(parse_options(words, least=1, most=1)[1][0]) is not None


@command("isset")
def isset(run: Run, words: Sequence[str]) -> bool:
    return parse_options(words, least=1, most=1)[1][0] != ""


@command("iseq")
def iseq(run: Run, words: Sequence[str]) -> bool:
    one, other = parse_options(words, least=2, most=2)[1]
    return one == other


@command("inc")
def inc(run: Run, words: Sequence[str]) -> bool:
    """Add a number to a setting. A new setting begins with 0; a text is an error."""
    name, *more = parse_options(words, least=1, most=2)[1]
    step = parse_integer(more[0]) if more else 1
    if step is None:
        raise CommandError(f"not a number: {more[0]!r}")
    old = run.settings.find(name)
    type = name.partition(":")[2] or (old.type if old else "int32")
    if "int" not in type or type not in TYPES:
        raise CommandError(f"{name} is a text: a number is set as in {name}:int32")
    number = int.from_bytes(old.raw, "big") if old else 0
    size = int(type.rpartition("int")[2]) // 8
    raw = ((number + step) % (1 << 8 * size)).to_bytes(size, "big")
    run.settings.keep(name, Value(raw, type), run.origin("inc"))
    return True
