"""Secrets in every kind of place: none of them gets into a captured machine file."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from petipy.commands import capture
from petipy.commands import list as listing
from tests import efi
from tests.machinefile.planted import PROGRAMS, TEXTS
from tests.trees import lay

Disguise = Callable[[str], str]
DISGUISES: dict[str, Disguise] = {
    "plain": lambda secret: secret,
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "word": lambda secret: "sesame" + "".join("abcdefghij"[int(c)] for c in secret[2:5]),
    "number": lambda secret: f"83{secret[2:5]}17",
    "hexadecimal": lambda secret: f"{int(secret[2:5]) * 77777 + 99999:06x}" * 8,
    "URL": lambda secret: quote(f"{secret}/ü", safe=""),
}


class Planter:
    """A source of secrets that remembers them."""

    def __init__(self, disguise: Disguise) -> None:
        self._disguise = disguise
        self.secrets: list[str] = []

    def plant(self, text: str) -> str:
        """Put a secret at each §, and a long one at each ¶."""
        return re.sub("[§¶]", self._next, text)

    def _next(self, match: re.Match[str]) -> str:
        number = len(self.secrets)
        plain = f"zQ{number:03}wK"
        if match[0] == "¶":
            plain = "7F" * 32 + f"{number:04}"
            self.secrets.append(plain)
            return plain
        self.secrets.append(self._disguise(plain))
        return self.secrets[-1]


def plant(disguise: Disguise, tree: Path) -> list[str]:
    """Lay a disk with secrets and return them."""
    planter = Planter(disguise)
    files: dict[str, str | bytes] = {path: planter.plant(text) for path, text in TEXTS.items()}
    for path, sections in PROGRAMS.items():
        planted = [[name, planter.plant(text)] for name, text in sections]
        files[path] = efi.made({"sections": planted})
    block = str(files["/boot/grub/grubenv"])
    files["/boot/grub/grubenv"] = block.ljust(4096, "#")
    lay(tree, files)
    return planter.secrets


def strings(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, keys too, and what is in base64."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
        try:
            data = b64decode(value, validate=True)
        except ValueError:
            return
        yield data.decode("utf-8", "surrogateescape")
        yield data.decode("utf-16-le", "ignore")


@pytest.mark.parametrize("name", DISGUISES)
def test_no_secret_gets_into_a_captured_machine(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = plant(DISGUISES[name], tmp_path)
    assert len(secrets) >= 200

    assert capture.COMMAND([str(tmp_path)]) == 0

    out, err = capsys.readouterr()
    about = json.loads(out)
    kept = "\n".join(strings(about))
    assert not [secret for secret in secrets if secret in kept]
    assert re.search(r"blanked: [0-9]{3} values and [0-9]+ comments in 2[0-9] files", err)
    (tmp_path / "m.json").write_text(out)
    listing.COMMAND(["--machine", str(tmp_path / "m.json")])
    assert capsys.readouterr().out.count("    from ") > 10
