"""Disk images made without root rights and without loop devices."""

import tempfile
from pathlib import Path

from initramfs.host import run, tool
from initramfs.tree import Tree, lay_out

MIB = 1 << 20
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"  # GPT's type of a Linux file system


def ext4_disk(image: Path, tree: Tree, label: str) -> None:
    """A GPT disk with one ext4 partition that holds the tree; the file is sparse."""
    room = tree.size() * 11 // 10 // MIB + 24
    image.parent.mkdir(parents=True, exist_ok=True)
    part = image.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(part, "wb") as file:
        file.truncate((room + 2) * MIB)
    layout = f"label: gpt\nstart={MIB // 512}, size={room * MIB // 512}, type={LINUX}\n"
    run([tool("sfdisk") or "sfdisk", "--quiet", part], feed=layout.encode())
    with tempfile.TemporaryDirectory(prefix="petipy-") as temporary:
        lay_out(tree, Path(temporary))
        options = f"-q -F -m 0 -L {label} -E offset={MIB},root_owner=0:0 -d {temporary}"
        run([tool("mkfs.ext4") or "mkfs.ext4", *options.split(), part, f"{room}M"])
    part.replace(image)
