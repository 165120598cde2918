"""Weigh the imports of a headless start without a guest.

    python -m tests.bench.imports [--modules] [IMAGE...]

IMAGE is a directory that initramfs/build has written. The modules that a headless start imports
come out of the image itself; the host's build of the same Python imports them under valgrind's
callgrind, which counts instructions. The count is the same in each run.
"""

import argparse
import json
import marshal
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from initramfs import cpio
from initramfs.archive import MIRROR, Archive
from initramfs.build import PARTS, host_architecture, make_mark
from initramfs.host import default_cache, locked, need, run
from initramfs.python import interpreter
from initramfs.tree import Tree, lay_out
from petipy.startup.bundle import HEADER, PLACE, Index
from tests.bench.table import table

LZ4 = bytes.fromhex("02214c18")  # the magic number of a legacy frame
START = """
import gc, sys
gc.disable()
from {bundle} import install
install({place!r})
from {cache} import install
install({table!r})
try:
    from petipy.startup import unlocked
except ImportError:  # an older image
    pass
else:
    unlocked.begin()
for name in sys.argv[1:]:
    __import__(name)
"""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An image's Python below `home`, and the modules that a headless start imports."""

    home: Path
    modules: dict[str, int]  # name: bytes of marshalled code, a part of its group's


def unpack(image: Path, room: Path) -> Unpacked:
    """Lay out the image's Python."""
    sizes = json.loads((image / "manifest.json").read_text())["compressed"]
    data, at = (image / "petipy.cpio.zst").read_bytes(), len(make_mark())
    for part in PARTS[: PARTS.index("python")]:
        at += sizes.get(part, 0)
        at += -at % 4  # initramfs.build.join
    frame = data[at : at + sizes["python"]]
    lay_out(Tree(cpio.read(decompress(frame))), room)
    index = read_index((room / PLACE.lstrip("/")).read_bytes())
    hot: dict[str, int] = {}
    groups = Counter(place for place, _, _, _, number in index.values() if number >= 0)
    for name, (place, size, _, compressed, _) in index.items():
        if not compressed:
            hot[name] = size // groups.get(place, 1)
    # pyudev wants the target's libudev.
    return Unpacked(room, {n: size for n, size in hot.items() if not n.startswith("pyudev")})


def read_index(bundle: bytes) -> Index:
    """Return the index of a bundle for whatever Python: `Bundle` takes that of its own alone."""
    size = int.from_bytes(bundle[8:HEADER], "little")
    index: Index = marshal.loads(bundle[HEADER : HEADER + size])
    return index


def decompress(frame: bytes) -> bytes:
    if not frame.startswith(LZ4):
        return run(["zstd", "-dc"], feed=frame)
    end = len(LZ4)
    while size := int.from_bytes(
        frame[end : end + 4], "little"
    ):  # the kernel wants a 0 at the end, lz4 does not
        end += 4 + size
    return run(["lz4", "-dc"], feed=frame[:end])


def start(python: Sequence[str], unpacked: Unpacked, host: Path) -> int:
    """Import the modules; return the number of instructions."""
    library = next((unpacked.home / "usr/lib").glob("python3.*"))
    extensions = library / "lib-dynload"
    extensions.rename(library / "lib-dynload-target")
    extensions.symlink_to(next(host.rglob("lib-dynload")))
    outside = {path.stem: path for path in (library / "petipy").rglob("*.pyc")}
    bundle = outside["bundle"].relative_to(library).with_suffix("")
    cache = next(n for n in unpacked.modules if re.fullmatch(r"petipy\..*(cache|prepared)", n))
    program = START.format(
        bundle=".".join(bundle.parts),
        place=str(unpacked.home / PLACE.lstrip("/")),
        cache=cache,
        table=str(unpacked.home / "usr/lib/petipy" / cache.rpartition(".")[2]),
    )
    home = {"PYTHONHOME": str(unpacked.home / "usr"), "PYTHONPATH": ""}
    script = unpacked.home / "start.py"  # -c would import linecache before the bundle is there
    script.write_text(program)
    return counted([*python, str(script), *unpacked.modules], home, unpacked.home)


def counted(argv: Sequence[str], environment: dict[str, str], room: Path) -> int:
    """Run the command under callgrind; return the number of instructions."""
    grind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={room / 'callgrind.out'}"]
    run([*grind, *argv], env={**environment, "PYTHONHASHSEED": "0"})
    found = re.search(r"^summary: (\d+)", (room / "callgrind.out").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.imports", description=__doc__)
    parser.add_argument("images", nargs="*", type=Path, default=[default_cache() / "image"])
    parser.add_argument("--modules", action="store_true", help="print each module and its size")
    options = parser.parse_args(arguments)
    need({"valgrind": "valgrind", "lz4": "lz4", "zstd": "zstd"})
    lines = [["image", "modules", "kB", "million instructions"]]
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as room:
        for number, image in enumerate(options.images):
            version = json.loads((image / "manifest.json").read_text())["python"]
            place = Path(room, str(number))
            unpacked = unpack(image, place / "image")
            with locked(default_cache()):
                archive = Archive(default_cache() / "apt", "stable", host_architecture(), MIRROR)
                archive.update()
                python = interpreter(version, archive, place / "host")
            count = start(python, unpacked, place / "host")
            sizes = unpacked.modules
            if options.modules:
                for name, size in sizes.items():
                    sys.stdout.write(f"{size:8} {name}\n")
            kilobytes = f"{sum(sizes.values()) / 1000:.1f}"
            lines.append([str(image), str(len(sizes)), kilobytes, f"{count / 1e6:.1f}"])
    sys.stdout.write(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
