"""Build a kernel of our own from Debian's source package, with the options beside this file.

The kernel is kept in the cache. The key is a hash of source, options, compiler and recipe.
"""

import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from initramfs.archive import Archive, Package, last_line
from initramfs.host import BuildError, epoch, locked, megabytes, need, run, say, tool, warn
from initramfs.kernel import COMPRESSED, options
from initramfs.kernel.options import Option
from initramfs.kernel.signing import FILE, OPTIONS, Key
from initramfs.tree import Tree, file, lay_out, read_directory

RECIPE = 2  # to be counted up when this file makes another kernel of the same source
_SAY = 20.0  # seconds between two lines of progress
_SPACE = 3 << 30  # bytes of a build; half of it is the source
_PATH = re.compile(r"[\w/.+@~-]+")


@dataclass(frozen=True, slots=True)
class Target:
    """The names of an architecture: the kernel's, the compiler's, and the kernel that is booted."""

    arch: str
    prefix: str  # of the cross compiler's programs
    compiler: str  # its Debian package
    image: str  # in the build directory
    name: str  # of the file in /usr/lib/modules/VERSION
    steps: int  # lines that make prints, by experience
    compressed: str = ""  # in the build directory: the same kernel, which unpacks itself


TARGETS = {
    "ppc64el": Target(
        arch="powerpc",
        prefix="powerpc64le-linux-gnu-",
        compiler="gcc-powerpc64le-linux-gnu",
        image="vmlinux",
        name="vmlinux",
        steps=4000,
        compressed="arch/powerpc/boot/zImage.pseries",
    ),
    "amd64": Target(
        arch="x86",
        prefix="x86_64-linux-gnu-",
        compiler="gcc-x86-64-linux-gnu",
        image="arch/x86/boot/bzImage",
        name="vmlinuz",
        steps=4000,
    ),
}
# Command or path → Debian package, besides the compiler.
TOOLS = {
    "make": "make",
    "gcc": "gcc",
    "/usr/include/stdlib.h": "libc6-dev",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "perl": "perl",
    "xz": "xz-utils",
    "/usr/include/libelf.h": "libelf-dev",
    "/usr/include/openssl/evp.h": "libssl-dev",
}
# Everything that would differ from one build to the next.
_CHANGES = re.compile(
    r"K(BUILD|CONFIG)_\w+|K?(C|A|CPP|LD)FLAGS(_\w+)?|HOST\w*FLAGS|LLVM(_IAS)?|LOCALVERSION"
    r"|(GNU)?MAKEFLAGS|MFLAGS|INSTALL_MOD_\w+"
)  # variables of the environment that the kernel's makefiles read
_REPRODUCIBLE = {
    "KBUILD_BUILD_USER": "petipy",
    "KBUILD_BUILD_HOST": "petipy",
    "KBUILD_BUILD_VERSION": "1",
}


def fetch(archive: Archive, cache: Path, key: Key | None = None) -> Tree:
    """Return the kernel as a package of Debian has it: image, modules, configuration.

    With a key, its modules are signed. Build it if the cache does not have it, which takes 10 to 40
    minutes on two processors. Raise BuildError with the end of the compiler's messages. Meanwhile
    others may use the cache, and kernels that it has.
    """
    target = TARGETS[archive.architecture]
    with locked(cache):
        need({f"{target.prefix}gcc": target.compiler})
        archive.update()
        source = find_source(archive, fetch=False)
        place = cache.resolve() / "kernel" / make_name(source, archive.architecture, key)
        if not place.exists():
            check_path(place.resolve())
            need(TOOLS)
            find_source(archive)
    if not place.exists():
        with locked(place.parent) as lock:
            if not place.exists():
                wanted = options.merge(archive.architecture)
                build(source, target, wanted, place, key, lock=lock)
    return read_directory(place)


def check_path(path: Path) -> None:
    """Raise BuildError for a path that the kernel's makefiles and their shells would take apart."""
    if not _PATH.fullmatch(str(path)):
        marks = "blanks or marks; give another with --cache"
        raise BuildError(f"{path}: no kernel can be built below a path with {marks}")


def is_cached(archive: Archive, cache: Path) -> bool:
    """Return True if `fetch` need not build."""
    target = TARGETS.get(archive.architecture)
    if target is None or tool(f"{target.prefix}gcc") is None:
        return False
    name = make_name(find_source(archive, fetch=False), archive.architecture)
    return (cache / "kernel" / name).exists()


def list_cached(architecture: str, cache: Path) -> list[str]:
    """Return the names of the architecture's kernels in the cache, of any source and options."""
    return sorted(path.name for path in (cache / "kernel").glob(f"{architecture}-*"))


def find_source(archive: Archive, *, fetch: bool = True) -> Package:
    """Return Debian's newest source package of the suite, its security updates included."""
    names = archive.dependencies("linux-source")
    sources = [name for name in names if name.startswith("linux-source-")]
    if not sources:
        raise BuildError("the suite has no linux-source")
    return (archive.fetch if fetch else archive.look_up)(sources[:1])[sources[0]]


def make_name(source: Package, architecture: str, key: Key | None = None) -> str:
    """Return a name for the kernel, which differs whenever the kernel may."""
    target = TARGETS[architecture]
    compiler = run([f"{target.prefix}gcc", "--version"]).splitlines()[0]
    parts = (
        source.path.name.encode(),
        options.write(options.merge(architecture)).encode(),
        compiler,
        str((RECIPE, target)).encode(),
        *([key.certificate] if key else []),
    )
    if epoch() != 1:
        parts = (*parts, str(epoch()).encode())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return f"{architecture}-{source.version.replace('~', '-')}-{digest[:16]}"


def build(
    source: Package,
    target: Target,
    wanted: Mapping[str, Option],
    place: Path,
    key: Key | None,
    *,
    lock: int,
) -> None:
    """Build the kernel, and put its files to `place`. A key never leaves the build directory.

    The compiler's processes keep the lock: if this program is killed, they go on for a moment.
    """
    # ccache finds nothing again if each build has another path.
    with make_room(place.parent.resolve() / f"build-{target.arch}") as room:
        top = unpack(source, room)
        output = room / "output"
        configure(top, output, target, {**wanted, **OPTIONS} if key else wanted)
        if key:
            (output / FILE).touch(mode=0o600)
            (output / FILE).write_bytes(key.pem)
        say(f"compiling {source.name} {source.version}: 10 to 40 minutes, once")
        compile_all(top, output, target, lock)
        whole = room / "whole"
        lay_out(install(top, output, target, room / "installed"), whole)
        whole.replace(place)


@contextmanager
def make_room(path: Path) -> Iterator[Path]:
    """Make an empty directory that nobody else can read, and remove it afterwards.

    Raise BuildError if a killed build has left what cannot be removed, or the space is too small.
    """
    try:
        if path.exists() or path.is_symlink():
            say(f"removing {path}, which a build that was killed has left")
            shutil.rmtree(path)
        path.mkdir(parents=True, mode=0o700)  # it may hold a key
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror or error}; remove it") from error
    try:
        if (free := shutil.disk_usage(path).free) < _SPACE:
            raise BuildError(f"{path}: {megabytes(free)} are free, and {megabytes(_SPACE)} needed")
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def unpack(source: Package, room: Path, parts: Sequence[str] = ()) -> Path:
    """Unpack the source, or what matches one of `parts`; return its top directory."""
    say(f"unpacking {source.name}")
    package = room / "package"  # dpkg-deb gives the directory the mode that the package has
    run(["dpkg-deb", "-x", source.path, package])
    packed = next(package.glob("usr/src/linux-source-*.tar.xz"))
    run(["tar", "xf", packed, "-C", room, *(["--wildcards", *parts] if parts else [])])
    packed.unlink()
    return next(room.glob("linux-source-*"))


def configure(top: Path, output: Path, target: Target, wanted: Mapping[str, Option]) -> str:
    """Set the options; return the .config. Raise BuildError if an option does not keep its value.

    allnoconfig sets what nobody asks for to n.
    """
    output.mkdir(parents=True, exist_ok=True)
    fragment = output / "wanted.config"
    fragment.write_text(options.write(wanted))
    run([*make(top, output, target), f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"])
    config = (output / ".config").read_text()
    if lost := options.find_lost(wanted, options.parse_config(config)):
        words = "options that the source does not have, or that need others, which are not set"
        raise BuildError(f"{words}:\n" + "\n".join(lost))
    return config


def make(top: Path, output: Path, target: Target) -> list[str]:
    """Return the beginning of a call of make, which sees nothing that would change the kernel."""
    unset = [
        word for name in sorted(os.environ) if _CHANGES.fullmatch(name) for word in ("-u", name)
    ]
    words = [f"{name}={value}" for name, value in _REPRODUCIBLE.items()]
    words += [f"KBUILD_BUILD_TIMESTAMP=@{epoch()}", f"ARCH={target.arch}"]
    if has_ccache():  # a change of a few options then takes minutes
        words.append(f"CC=ccache {target.prefix}gcc")
    command = [*(["env", *unset] if unset else []), "make"]
    return [*command, "-C", str(top), f"O={output}", f"CROSS_COMPILE={target.prefix}", *words]


@functools.cache
def has_ccache() -> bool:
    """Return True if ccache is installed, and can write to its directory: else it fails."""
    if tool("ccache") is None:
        return False
    with TemporaryDirectory(prefix="petipy-") as room:
        try:
            run(["ccache", "gcc", "-x", "c", "-c", "/dev/null", "-o", Path(room, "nothing.o")])
        except BuildError as error:
            warn(f"without ccache: {last_line(error)}")
            return False
    return True


def compile_all(top: Path, output: Path, target: Target, lock: int) -> None:
    """Compile image and modules; say how far it is. The compiler's processes inherit the lock."""
    images = [path for path in (target.image, target.compressed) if path]
    goals = [*(Path(path).name for path in images), "modules"]
    # Paths of the build directory would be in messages of the kernel.
    flags = [f"KCFLAGS=-fdebug-prefix-map={output}=. -ffile-prefix-map={top}=."]
    argv = [*make(top, output, target), f"-j{os.cpu_count() or 1}", *flags, *goals]
    began = said = time.monotonic()
    with closing(run_by_line(argv, lock)) as lines:
        for number, line in enumerate(lines, 1):
            if (now := time.monotonic()) - said >= _SAY and line:
                said = now
                say(f"{estimate(number, target.steps, now - began)}: {line.split()[-1]}")
    if absent := [path for path in images if not (output / path).exists()]:
        raise BuildError(f"the kernel's build did not make {', '.join(absent)}")


def estimate(done: int, steps: int, seconds: float) -> str:
    """Return in words how much is compiled, and how long the rest takes at the same pace.

    The first lines, of headers and tools, say nothing about the pace.
    """
    part = min(0.99, done / steps)
    left = max(1, round(seconds * (1 - part) / part / 60))
    return f"compiled {100 * part:.0f} %" + (f", {left} min left" if part >= 0.05 else "")


def run_by_line(argv: Sequence[str], lock: int) -> Generator[str]:
    """Run a command; yield its output, errors included. Raise BuildError if it fails.

    If the caller closes the generator before its end, the command ends with all its processes.
    """
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
        text=True,
        errors="replace",
        pass_fds=[lock],
        process_group=0,
    ) as process:
        assert process.stdout
        last: list[str] = []
        try:
            for line in process.stdout:
                last = [*last[-30:], line.rstrip()]
                yield line.rstrip()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # make alone would leave compilers behind
            process.wait()
            raise
    if process.returncode:
        raise BuildError("the kernel did not compile:\n" + "\n".join(last))


def install(top: Path, output: Path, target: Target, room: Path) -> Tree:
    """Return the files as Debian's packages have them, without symbols for debugging."""
    places = [f"INSTALL_MOD_PATH={room}", "INSTALL_MOD_STRIP=1", "DEPMOD=true"]
    run([*make(top, output, target), *places, "modules_install"])
    (modules,) = (room / "lib/modules").iterdir()
    home = f"usr/lib/modules/{modules.name}"
    tree = Tree()
    for path, node in read_directory(modules).items():
        if not re.fullmatch("build|source", path):
            tree.add(f"{home}/{path}", node)
    image = output / target.image
    if target.image == "vmlinux":
        run([f"{target.prefix}strip", "--strip-all", image])
    tree.add(f"{home}/{target.name}", file(image.read_bytes()))
    if target.compressed:
        tree.add(f"{home}/{COMPRESSED}", file((output / target.compressed).read_bytes()))
    tree.add(f"{home}/config", file((output / ".config").read_bytes()))
    return tree
