"""Put the catalogues of translations into the image, compressed, without what only people need."""

from pathlib import Path
from zlib import compress

from initramfs.tree import Tree, file
from petipy.ui.catalogue import PLACE, SOURCES


def make_tree() -> Tree:
    """Return the files that petipy.ui.catalogue reads."""
    tree = Tree()
    for path in sorted(Path(SOURCES).glob("*.po")):
        lines = path.read_text(encoding="utf-8").splitlines()
        text = "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))
        tree.add(f"{PLACE.lstrip('/')}/{path.name}", file(compress(text.encode(), 9)))
    return tree
