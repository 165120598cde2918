"""The guards of all sources, and the sources whose guards are not known. Pure.

A guard stays until its source goes, or until a whole scan does not find it. A scan that fails or
is only a part takes none away, since its silence proves nothing.
"""

from dataclasses import replace

from petipy.state.guards import Guard, Guards, Reach, find_guards, merge_guards
from petipy.state.model import Scan, Source
from petipy.state.ordered import Ordered


class _Record:
    __slots__ = ("failure", "guarded", "guards", "order", "read", "source", "unread")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.order = source.order
        self.guarded = self.unread = False  # the register shows a guard, or it among the unread
        self.guards: tuple[Guard, ...] = ()
        self.read = False  # a whole scan has ended since it came
        self.failure: Source | None = None  # it, when a scan had failed; not read since


class Register:
    """The guards and the unread sources, by source."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._guards: Ordered[tuple[Reach, Guard]] = Ordered()
        self._unread: Ordered[Source] = Ordered()

    @property
    def guards(self) -> Guards:
        """The first guard of each source, in menu order."""
        return self._guards.values

    @property
    def unread(self) -> tuple[Source, ...]:
        """The sources whose guards are not known, in menu order.

        A source is unread from its arrival until a whole scan. Once a scan has failed, it stays
        "failed" here, also while it is scanned again; and given up once it was given up.
        """
        return self._unread.values

    def put(self, source: Source) -> None:
        """Add the source, or replace the one of its name, which keeps its guards."""
        record = self._records.get(source.name)
        if record is None:
            record = self._records[source.name] = _Record(source)
        elif record.source.device is not source.device:
            record.read &= record.source.device == source.device  # else perhaps another disc
        if record.source.kind is not source.kind:
            self._hide(record)
            record.order = source.order
        record.source = source
        if source.state == "failed" and not record.read:
            lost = source.given_up or bool(record.failure and record.failure.given_up)
            record.failure = replace(source, given_up=lost)
        self._show(record)

    def take(self, name: str, scan: Scan) -> None:
        """Enter the guards that the scan has found."""
        record = self._records[name]
        found = find_guards(name, scan.preferences)
        if scan.stopped:
            record.guards = merge_guards(record.guards, found)
        else:
            record.guards, record.read, record.failure = found, True, None
        self._show(record)

    def remove(self, name: str) -> None:
        """Remove the source, if it is there."""
        if record := self._records.pop(name, None):
            self._hide(record)

    def _hide(self, record: _Record) -> None:
        if record.guarded:
            self._guards.remove(record.order)
        if record.unread:
            self._unread.remove(record.order)
        record.guarded = record.unread = False

    def _show(self, record: _Record) -> None:
        self._hide(record)
        source, reach = record.source, record.source.kind.reach
        if record.guards:
            self._guards.put(record.order, (reach, record.guards[0]))
            record.guarded = True
        if source.state in {"waiting", "locked"} or reach == "itself":
            return  # nobody can read it, or its guards keep nothing else
        if not record.read and (source.device or source.given_up):
            self._unread.put(record.order, record.failure or source)
            record.unread = True
