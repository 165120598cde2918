"""Problems and effects in words, for people."""

from collections.abc import Iterator

from parsers.api import Effect, Problem, SignatureRef
from petipy.report.printing import terminal_width
from petipy.report.quote import format_place, quote_line
from petipy.report.visible import escape


def describe_problem(problem: Problem, device: str) -> Iterator[str]:
    """Yield a problem in one line, then the source line and a caret if the column is known.

    On a terminal the source line is cut to its width.
    """
    yield f"{format_place(problem, device)}: {problem.message}"
    room = (terminal_width() or 1000) - 2
    if lines := quote_line(problem.excerpt, problem.column, room, escape):
        yield from (f"  {line}" for line in lines)


def describe_effect(effect: Effect) -> str:
    """Describe in one line what booting writes: FILE: NAME=VALUE, no NAME, renamed to NAME."""
    words = [f"{key}={value}" if value is not None else f"no {key}" for key, value in effect.values]
    words += [f"renamed to {effect.rename}"] if effect.rename else []
    later = " (once the default has failed)" if effect.once else ""
    return f"{effect.file}: {', '.join(words)}{later}"


def describe_signature(signature: SignatureRef) -> str:
    """Describe in one line a signature that is checked: FILE by PLACE (SIGNER)."""
    signer = f" ({signature.signer})" if signature.signer else ""
    return f"{signature.file} by {signature.place}{signer}"
