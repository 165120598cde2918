"""Commands for menus and their items."""

from collections.abc import Sequence

from parsers.formats.ipxe.commands import command
from parsers.formats.ipxe.options import parse_options
from parsers.formats.ipxe.outcome import CommandError, IpxeMenu, MenuItem, Question, Stop
from parsers.formats.ipxe.run import Run
from parsers.formats.ipxe.values import parse_integer

_MOST = 1000  # items of one menu
# iPXE's numbers of keys (include/ipxe/keys.h).
_KEYS = {
    **{code: f"ctrl-{chr(0x60 + code)}" for code in range(1, 27)},
    **{0x107E: "f5", 0x127E: "f6", 0x137E: "f7", 0x147E: "f8", 0x157E: "f9"},
    **{0x167E: "f10", 0x187E: "f11", 0x197E: "f12"},
}


@command("menu", "form")
def menu(run: Run, words: Sequence[str]) -> bool:
    options, title = parse_options(words, "delete", "name")
    name = options.get("name", "")
    run.menus.pop(name, None)
    if "delete" not in options:
        run.menus[name] = IpxeMenu(" ".join(title), [])
    return True


@command("item")
def item(run: Run, words: Sequence[str]) -> bool:
    """Add an item. Without a label it is a separator."""
    options, rest = parse_options(words, "default gap secret", "menu key form")
    name = options.get("menu") or options.get("form") or ""
    if (found := run.menus.get(name)) is None:
        raise CommandError("there is no menu that it could be in")
    if "gap" in options or not rest:
        return True
    if len(found.items) >= _MOST:
        raise CommandError(f"more than {_MOST} items in a menu: the rest is left")
    label, *text = rest
    if found.is_shared:
        run.context.budget.spend(len(found.items) >> 6)
        found = run.menus[name] = IpxeMenu(found.title, [*found.items], found.default)
    new = MenuItem(label, " ".join(text), _key(options.get("key", "")), run.config, run.line)
    found.items.append(new)
    found.default = label if "default" in options else found.default
    return True


def _key(text: str) -> str:
    """Return the name of a key: `text` is a character, or the number of a key."""
    if len(text) < 2:
        return text
    code = parse_integer(text)
    if code is None:
        raise CommandError(f"no key: {text!r}")
    return _KEYS.get(code, chr(code) if 0x20 <= code < 0x7F else "")


@command("choose")
def choose(run: Run, words: Sequence[str]) -> bool:
    values = "default menu timeout retimeout"
    options, (setting,) = parse_options(words, "keep", values, least=1, most=1)
    name = options.get("menu", "")
    found = run.menus.get(name)
    if "keep" not in options:
        run.menus.pop(name, None)
    if found is None or not found.items:
        raise CommandError("there is no menu with anything to choose")
    milliseconds = parse_integer(options.get("timeout", ""))
    if milliseconds is None:
        raise CommandError(f"not a number of milliseconds: {options['timeout']!r}")
    seconds = milliseconds / 1000 if milliseconds > 0 else None
    default = options.get("default", found.default)
    raise Stop(Question(found, default, seconds, run.config, run.line), setting)


@command("present")
def present(run: Run, words: Sequence[str]) -> bool:
    """Leave a form's settings unchanged: no user fills it in."""
    options, _ = parse_options(words, "keep", "form")
    run.complain("a form cannot be filled in here: its settings stay as they are")
    return run.menus.pop(options.get("form", ""), None) is not None
