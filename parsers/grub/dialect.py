"""The two GRUBs that are out there: Debian's, which is as upstream's, and Red Hat's.

Both call themselves 2.06 or 2.12. What tells their languages apart is here, one field each, so
that nothing else has to ask for a name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one family of GRUBs does its own way."""

    name: str
    keeps_hex: bool  # \xNN outside quotes stays as it is, and so it does on a command line
    eval_reports: bool  # eval of a text that ends in a newline gives the status of its last command
    commands: frozenset[str]  # the commands that only this one has


DEBIAN = Dialect(name="debian", keeps_hex=False, eval_reports=False, commands=frozenset())
FEDORA = Dialect(
    name="fedora",
    keeps_hex=True,
    eval_reports=True,
    commands=frozenset(["blscfg", "decrement", "increment"]),
)
DIALECTS = {dialect.name: dialect for dialect in (DEBIAN, FEDORA)}
