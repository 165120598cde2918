"""Compare what two checkouts of Petipy print: `python -m tests.compare OTHER [--mutants N]`.

A refactoring must change nothing that `list`, `explain`, `check`, `script` and `capture` print.
The inputs are the golden trees, machine files, the shared cases where they lie, and mutated copies
of all of them. Each checkout answers in a process of its own, with the same clock.

Exit status: 0 when all answers are the same bytes, 1 when not, with a diff of the first ones.
"""

import argparse
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests import efi
from tests.cases import SHARED

TOP = Path(__file__).parents[1]
GOLDEN = TOP / "tests/parsers/golden"
SHOWN = 5  # differences whose diff is printed
LARGEST = 64 << 10  # bytes of a file that is mutated
# Text that means something to one of the languages, for mutations.
WORDS = b"""menuentry submenu linux initrd default= timeout set if fi then else { } ' " $ \\ ; # ~
search --set=root label append kernel image include LABEL ONTIMEOUT title root options !a [x] :x
${x} $1 0x10 -1 \xff \x00 a=b (hd0,gpt2)/x (tftp)/y http://h/k 99999999999""".split()

Command = list[str]

# Runs in the checkout under test, which may be older than this file: nothing of tests is used.
WORKER = """
import gc, io, json, os, sys, time
time.time = lambda: 1767225600.0
from petipy.__main__ import main
home = os.getcwd()
out = os.fdopen(os.dup(1), "w")
for line in sys.stdin:
    place, argv = json.loads(line)
    os.chdir(place)
    sys.argv = ["petipy", *argv]
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2)]
    sys.stdout, sys.stderr = streams
    try:
        status = main()
    except SystemExit as exit:
        status = exit.code
    except BaseException as error:
        status = f"{type(error).__name__}: {error}"
    said = []
    for stream in streams:
        stream.flush()
        said.append(stream.buffer.getvalue().decode("utf-8", "backslashreplace"))
    out.write(json.dumps([str(int(status) if isinstance(status, bool) else status), *said]) + "\\n")
    out.flush()
"""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("tests.compare", description=__doc__)
    parser.add_argument("other", type=Path, help="the checkout to compare with")
    parser.add_argument("--mutants", type=int, default=2, help="mutated copies of each tree")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only cases whose name has this in it")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="petipy-compare-") as room:
        trees = [case for case in make(Path(room), options) if options.only in str(case)]
        asked = [(place, command) for place in trees for command in commands(place)]
        return report(asked, options.other)


def report(asked: Sequence[tuple[Path, Command]], other: Path) -> int:
    with ThreadPoolExecutor(2) as pool:
        old, new = pool.map(lambda tree: list(answers(tree, asked)), (other.resolve(), TOP))
    different = 0
    for (place, command), before, after in zip(asked, old, new, strict=True):
        if before == after:
            continue
        different += 1
        if different <= SHOWN:
            print(f"--- {place.name}: petipy {' '.join(command)}")  # noqa: T201
            diff = difflib.unified_diff(_lines(before), _lines(after), n=1, lineterm="")
            print("\n".join(list(diff)[:40]))  # noqa: T201
    size = sum(len(text) for answer in new for text in answer)
    places = len({place for place, _ in asked})
    summary = f"{len(asked)} commands on {places} trees, {size >> 20} MiB: {different} differ"
    print(summary)  # noqa: T201
    return 1 if different else 0


def _lines(answer: list[str]) -> list[str]:
    return f"status {answer[0]}\n{answer[1]}{answer[2]}".splitlines()


def answers(checkout: Path, asked: Iterable[tuple[Path, Command]]) -> Iterator[list[str]]:
    """Run the commands with the code of a checkout: status, stdout and stderr of each."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0", "COLUMNS": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=checkout,
        env=environment,
        text=True,
    ) as worker:
        assert worker.stdin
        assert worker.stdout
        for place, command in asked:
            worker.stdin.write(json.dumps([str(place), command]) + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            if not line:
                raise RuntimeError(f"{checkout}: died at petipy {' '.join(command)} in {place}")
            answer: list[str] = json.loads(line)
            yield answer
        worker.stdin.close()


# The inputs


def make(room: Path, options: argparse.Namespace) -> Iterator[Path]:
    """Lay the trees in `room`: every golden case and machine file, then mutated copies."""
    lots = random.Random(options.seed)
    for name, source in sources():
        place = room / name
        lay(source, place)
        yield place
        for number in range(options.mutants):
            mutant = room / f"{name}~{number}"
            shutil.copytree(place, mutant, symlinks=True)
            mutate(mutant, lots)
            yield mutant


def sources() -> Iterator[tuple[str, Path]]:
    for case in sorted(GOLDEN.glob("*/*")):
        yield f"{case.parent.name}+{case.name}", case
    for folder in ("network", "petitboot", "corpus"):
        for machine in sorted((SHARED / folder).rglob("*.json")):
            if not machine.name.endswith(".truth.json"):
                yield "+".join(machine.relative_to(SHARED).with_suffix("").parts), machine


def lay(source: Path, place: Path) -> None:
    if source.is_file():
        place.mkdir()
        shutil.copy(source, place / "network.json")
        for companion in source.parent.glob(f"{source.name.removesuffix('.machine.json')}*"):
            if companion.suffix != ".json" and companion.is_file():
                shutil.copy(companion, place)
        return
    shutil.copytree(source, place, symlinks=True)
    (place / "root").mkdir(exist_ok=True)
    if (described := place / "made.json").exists():
        for path, about in json.loads(described.read_text()).items():
            file = place / "root" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(efi.made(about))
            os.utime(file, (1.7e9, 1.7e9))
    for path in place.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1.7e9, 1.7e9))


def commands(place: Path) -> Iterator[Command]:
    """Ask all that can be asked of a tree."""
    if (place / "network.json").exists():
        where = ["--machine", "network.json"]
    else:
        where = list(_devices(place))
        yield ["capture", "root"]
    for name in ("list", "check"):
        yield [name, *where]
        yield [name, "--json", *where]
    yield ["list", "--show-foreign", "--dialect", "fedora", *where]
    yield ["explain", "default", *where]
    yield ["explain", "--json", "e", *where]
    for config in sorted(place.glob("root/**/grub.cfg")):
        inner = config.relative_to(place / "root")
        for options in (["--menu"], ["--dialect", "fedora"]):
            yield ["script", f"root/{inner}", "--root", "root", *options]
    for config in sorted(file for file in place.glob("root/**/*") if _is_text(file)):
        yield ["check", str(config.relative_to(place))]


def _is_text(file: Path) -> bool:
    known = {".cfg", ".conf", ".lst", ".ipxe", ".cnf"}
    return file.is_file() and not file.is_symlink() and file.suffix in known


def _devices(place: Path) -> Iterator[str]:
    described = place / "machine.json"
    about: dict[str, Any] = json.loads(described.read_text()) if described.exists() else {}
    own = about.get("own", "sda2")
    known = {volume["name"]: volume for volume in about.get("volumes", [])}
    for tree in sorted(path.name for path in place.iterdir() if path.is_dir()):
        name = own if tree == "root" else tree
        fields = ("uuid", "label", "fs", "disk", "firmware_path")
        words = "".join(f",{f}={known[name][f]}" for f in fields if known.get(name, {}).get(f))
        yield f"--device={name}={tree}{words}"
    yield f"--machine={about.get('machine', 'ppc64le')}"


def mutate(place: Path, lots: random.Random) -> None:
    """Change one to three places in the files of a tree, or take a file away."""
    files = sorted(f for f in place.rglob("*") if f.is_file() and not f.is_symlink())
    files = [f for f in files if f.stat().st_size <= LARGEST and f.name != "expected.json"]
    files = [f for f in files if f.name not in ("machine.json", "made.json")]
    texts = [f for f in files if f.stat().st_size]
    for _ in range(lots.randint(1, 3)):
        if files and lots.random() < 0.05:
            file = lots.choice(files)
            if file.name != "network.json":
                file.unlink(missing_ok=True)
        elif texts:
            file = lots.choice(texts)
            if file.exists():
                data = file.read_bytes()
                changed = (
                    _in_json(data, lots) if file.name == "network.json" else mutated(data, lots)
                )
                file.write_bytes(changed)
                os.utime(file, (1.7e9, 1.7e9))


def _in_json(data: bytes, lots: random.Random) -> bytes:
    """Mutate one text of a machine file, which stays JSON."""
    value = json.loads(data)
    holders: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(item, dict | list):
                collect(item)
            elif isinstance(item, str) and ("\n" in item or lots.random() < 0.1):
                holders.append((node, key))

    collect(value)
    if holders:
        node, key = lots.choice(holders)
        text = node[key].encode("utf-8", "surrogateescape")
        node[key] = mutated(text, lots).decode("utf-8", "replace")
    return json.dumps(value).encode()


def mutated(data: bytes, lots: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = lots.randrange(len(lines))
    match lots.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lots.choice(lines))
        case 2:
            lines[at] = lots.choice(WORDS) + b" " + lines[at]
        case 3:
            words = lines[at].split(b" ")
            words[lots.randrange(len(words))] = lots.choice(WORDS)
            lines[at] = b" ".join(words)
        case 4:
            cut = lots.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + lots.choice(WORDS) + lines[at][cut:]
        case 5:
            other = lots.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 6:
            cut = lots.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut]
    return b"".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
