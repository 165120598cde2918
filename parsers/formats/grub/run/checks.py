"""The OpenPGP signatures that a run of a configuration asks for (grub-core/commands/pgp.c)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.api import FileRef, SignatureRef
from parsers.reading.digest import find_sha256

_MOST = 64  # signatures of an entry


class Checks:
    """Signatures, which all count as right while the configuration runs.

    With `enforced`, GRUB opens no file whose signature, FILE.sig, is not right.
    """

    def __init__(self) -> None:
        self.enforced = False
        self.unsupported = ""  # the first check that nobody can make, in words
        # File and signature → the digest of the file's text; "" if no text of it was used.
        self._wanted: dict[tuple[FileRef, FileRef], str] = {}

    def copy(self) -> "Checks":
        new = Checks()
        new.enforced, new.unsupported = self.enforced, self.unsupported
        new._wanted = dict(self._wanted)
        return new

    @property
    def is_any(self) -> bool:
        return bool(self._wanted)

    def add(self, file: FileRef, place: FileRef) -> None:
        """Note that the file must have the signature at `place`."""
        self._wanted.setdefault((file, place), "")
        if len(self._wanted) > _MOST:
            self.refuse(f"more than {_MOST} OpenPGP signatures")

    def note_text(self, file: FileRef, text: str) -> None:
        """Note the text that is used of a file: a check of it must find the same."""
        for pair, known in self._wanted.items():
            if pair[0] == file and not known:
                self._wanted[pair] = found = find_sha256(text)
                if not found:
                    self.refuse(f"the OpenPGP signature of {file}")

    def refuse(self, what: str) -> None:
        """Note that the configuration wants a check that is not supported."""
        self.unsupported = self.unsupported or what

    def explain(self, files: Sequence[FileRef]) -> str:
        """Return in words the checks that nobody can make for an entry; "" if there are none."""
        if not self.unsupported:
            for wanted, _ in self._wanted:
                if any(_is_part(file, wanted) for file in files):
                    return f"the OpenPGP signature of {wanted}, of which only parts boot,"
        return self.unsupported

    def list_signatures(self, files: Sequence[FileRef]) -> Iterator[SignatureRef]:
        """Yield the signatures for an entry that boots these files."""
        for (wanted, place), digest in self._wanted.items():
            booted = [file for file in files if replace(file, packed="", mode=0) == wanted]
            for file in booted:
                yield SignatureRef(file=file, place=place, kind="openpgp")
            if not booted:
                yield SignatureRef(file=wanted, place=place, digest=digest, kind="openpgp")


def _is_part(file: FileRef, whole: FileRef) -> bool:
    found = replace(file, packed="", mode=0, offset=0, size=0)
    return found == whole and bool(file.offset or file.size)
