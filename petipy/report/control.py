"""Answers of `petipy ctl` in words. They may come from a guest that lies: each part is checked."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Value = Mapping[str, Any]


def describe(command: str, kind: str, value: Value) -> Iterator[str]:
    """Yield the lines for an "item" or a "result" of a command."""
    return _TEXTS.get((command, kind), _describe_nothing)(value)


def read_text(value: object) -> str:
    """Return a text as it is; a number in words."""
    return value if isinstance(value, str) else "" if value is None else repr(value)[:100]


def read_list(value: object) -> list[Any]:
    """Return a list as it is; anything else as an empty one."""
    return value if isinstance(value, list) else []


def _part(value: Value, name: str) -> Value:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def _describe_nothing(_: Value) -> Iterator[str]:
    yield from ()


def _describe_status(value: Value) -> Iterator[str]:
    yield f"state     {_describe_state(value)}"
    if default := read_text(value.get("default")):
        yield f"default   {default}"
    entries, problems = read_text(value.get("entries")), read_text(value.get("problems"))
    yield f"entries   {entries}, problems {problems}"
    for source in read_list(value.get("sources")):
        if isinstance(source, dict):
            words = [
                read_text(source.get("title") or source.get("name")),
                read_text(source.get("state")),
            ]
            words += [read_text(source.get("reason"))] if source.get("reason") else []
            words += map(read_text, read_list(source.get("addresses")))
            yield f"source    {', '.join(words)}"
    if message := read_text(_part(value, "message").get("text")):
        yield f"message   {message}"


def _describe_part(value: Value) -> Iterator[str]:
    yield read_text(value.get("title"))
    for fact in read_list(value.get("facts")):
        yield "    " + ": ".join(map(read_text, read_list(fact)))


def _describe_state(value: Value) -> str:
    state, countdown = read_text(value.get("state")), _part(value, "countdown")
    if countdown:
        state += f", {read_text(countdown.get('seconds'))} s"
        if awaits := read_text(countdown.get("awaits")):
            state += f" unless {awaits} comes"
    if booting := read_text(value.get("booting")):
        state += f" {booting}"
    if progress := _part(value, "progress"):
        state += f", {read_text(progress.get('done'))} of {read_text(progress.get('total'))} bytes"
    return state


def _describe_entry(value: Value) -> Iterator[str]:
    mark = "*" if value.get("marked") is True else " "
    titles = [*map(read_text, read_list(value.get("trail"))), read_text(value.get("title"))]
    own = " (own)" if value.get("own") is True else ""
    yield f"{mark} {' > '.join(titles)}{own}"
    yield f"    {read_text(value.get('id'))}"
    if password := read_text(value.get("password")):
        yield f"    password of {password}"
    if obstacle := read_text(value.get("obstacle")):
        yield f"    ! {obstacle}"
    if cmdline := read_text(value.get("cmdline")):
        yield f"    cmdline {cmdline}"


def _describe_setting(value: Value) -> Iterator[str]:
    text = "(secret)" if value.get("secret") is True else read_text(value.get("value"))
    yield f"{read_text(value.get('name')):<16} {text:<24} {read_text(value.get('from'))}"


def _describe_change(value: Value) -> Iterator[str]:
    if "name" in value:
        yield from _describe_setting(value)
    elif "text" in value:
        yield read_text(value.get("text"))


def _describe_line(value: Value) -> Iterator[str]:
    at = value.get("at")
    when = f"{at:9.3f}" if isinstance(at, int | float) else ""
    yield f"{when} {read_text(value.get('level'))}: {read_text(value.get('text'))}"


def _describe_news(value: Value) -> Iterator[str]:
    message = read_text(_part(value, "message").get("text"))
    yield f"{_describe_state(value)}{message and f'; {message}'}"


def _describe_boot(value: Value) -> Iterator[str]:
    yield f"boots {read_text(value.get('booting'))}"


_TEXTS: Mapping[tuple[str, str], Callable[[Value], Iterator[str]]] = {
    ("status", "result"): _describe_status,
    ("describe", "item"): _describe_part,
    ("entries", "item"): _describe_entry,
    ("config", "item"): _describe_setting,
    ("config", "result"): _describe_change,
    ("order", "result"): _describe_change,
    ("next", "result"): _describe_change,
    ("prefer", "result"): _describe_change,
    ("log", "item"): _describe_line,
    ("watch", "item"): _describe_news,
    ("boot", "result"): _describe_boot,
}
