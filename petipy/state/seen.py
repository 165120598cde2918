"""The state in which a scan has seen a file: an entry boots from the files that were scanned."""

from dataclasses import dataclass

from parsers.api import AbsolutePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file as a scan has seen it. petipy.scan.stamps makes the stamp."""

    device: str = ""  # as FileRef has it
    path: AbsolutePath
    stamp: str
    text: bool = False  # it has been read: it is a configuration, or a part of one

    @property
    def place(self) -> str:
        """The file as Entry.config names it."""
        return f"({self.device}){self.path}" if self.device else self.path
