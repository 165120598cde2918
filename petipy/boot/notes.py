"""The note of a boot that is under way, for the program that starts when this one was killed.

Without it, a boot that fills the memory would be the first thing that the next program tries.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass

PLACE = "/run/petipy/boots"


@dataclass(frozen=True, slots=True)
class Note:
    """Boots of a choice that began and have not come to an end."""

    title: str
    count: int = 0


class Notes:
    """The notes, by the ids of choices, in a file that is gone when the machine restarts.

    `fatal` has those of programs that were killed. Without a path, or where the file cannot be
    written, they last as long as this program.
    """

    def __init__(self, path: str = "") -> None:
        self._path = path
        self.fatal: dict[str, Note] = _read(path) if path else {}

    def begin(self, id: str, title: str) -> None:
        """Note that a boot begins, before anything can kill the program."""
        count = self.fatal[id].count if id in self.fatal else 0
        self._write({**self.fatal, id: Note(title, count + 1)})

    def end(self, id: str) -> None:
        """Take the note back: the boot has failed in an ordinary way, or was stopped."""
        self.fatal.pop(id, None)
        self._write(self.fatal)

    def lines(self) -> list[str]:
        """Say which choices boot last."""
        return [
            f"{note.title}: Petipy was killed while it loaded this"
            f"{f' ({note.count} times)' if note.count > 1 else ''}: all others are tried before"
            for note in self.fatal.values()
        ]

    def _write(self, notes: dict[str, Note]) -> None:
        if not self._path:
            return
        boots = {id: asdict(note) for id, note in notes.items()}
        with suppress(OSError):
            with open(f"{self._path}.new", "w") as file:
                json.dump({"process": os.getpid(), "boots": boots}, file)
            os.replace(f"{self._path}.new", self._path)  # noqa: PTH105  no pathlib here


def _read(path: str) -> dict[str, Note]:
    """Return the notes in the file; none if it is damaged, or its writer still runs."""
    try:
        with open(path) as file:
            content = json.load(file)
        notes = {str(id): Note(**note) for id, note in content["boots"].items()}
        sound = all(type(n.title) is str and type(n.count) is int for n in notes.values())
        return {} if not sound or _runs(int(content["process"])) else notes
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    except (OverflowError, RecursionError):  # a number, or lists in lists, beyond all measure
        return {}


def _runs(process: int) -> bool:
    """Return True for another process that exists, such as a second Petipy on a desktop."""
    return process != os.getpid() and os.access(f"/proc/{process}", os.F_OK)
