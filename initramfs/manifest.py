"""The manifest of an image: what is in it, and how large each part is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from initramfs.host import megabytes, write_whole


@dataclass
class Manifest:
    """The image's versions, and the bytes of its parts before and after compression."""

    architecture: str
    suite: str
    kernel: str = ""
    python: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    compressed: dict[str, int] = field(default_factory=dict)
    features: dict[str, int] = field(default_factory=dict)  # the compressed bytes of each
    files: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def write(self, output: Path, files: Mapping[str, bytes]) -> None:
        """Write the files, and the manifest with their sizes and checksums beside them.

        Files of an earlier build that this one does not have are removed: a zImage would not fit.
        """
        for name in read_names(output) - files.keys():
            (output / name).unlink(missing_ok=True)
        for name, data in files.items():
            write_whole(output / name, data)
            digest = hashlib.sha256(data).hexdigest()
            self.files[name] = {"size": len(data), "sha256": digest}
        text = json.dumps(vars(self), indent=2, sort_keys=True) + "\n"
        write_whole(output / "manifest.json", text.encode())

    def describe(self) -> str:
        """Return the manifest for a person: compressed sizes, then the contents of each part."""
        lines = [
            f"{name:36}{megabytes(int(file['size'])):>10}" for name, file in self.files.items()
        ]
        lines += [f"  {name:34}{megabytes(size):>10}" for name, size in self.compressed.items()]
        lines.append(f"{'the image by feature':36}{megabytes(sum(self.features.values())):>10}")
        ordered = sorted(self.features.items(), key=lambda feature: (-feature[1], feature[0]))
        lines += [f"  {name:34}{size / 1e6:>7.2f} MB" for name, size in ordered]
        for group, parts in self.parts.items():
            lines.append(f"{f'{group}, uncompressed':36}{megabytes(sum(parts.values())):>10}")
            by_size = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
            lines += [f"  {name:34}{megabytes(size):>10}" for name, size in by_size]
        return "\n".join(lines)


def read_names(output: Path) -> set[str]:
    """Return the names of the files that an earlier build has written there."""
    try:
        names = json.loads((output / "manifest.json").read_bytes())["files"]
        return {name for name in names if Path(name).name == name}
    except (OSError, ValueError, KeyError, TypeError):  # none, or half of one
        return set()
