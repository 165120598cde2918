"""Build kernel and image for an architecture from Debian's packages."""

import argparse
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from initramfs import cpio, features, keymaps, languages, openpgp, python, ssh, userland, wheels
from initramfs.archive import MIRROR, Archive
from initramfs.compression import Compressor, Zstd
from initramfs.fast import lz4
from initramfs.fast.lz4 import Lz4
from initramfs.fast.modules import speed_up
from initramfs.fast.packs import PART, SSL, pack_programs
from initramfs.fast.turns import mount_debugfs
from initramfs.host import (
    REPOSITORY,
    BuildError,
    default_cache,
    epoch,
    locked,
    need,
    run_to_end,
    say,
    warn,
)
from initramfs.kernel import Kernel, Modules
from initramfs.lists import sections
from initramfs.manifest import Manifest
from initramfs.tree import Tree, file, read_build_time, read_packages
from parsers import machines
from parsers.binary import initrd
from petipy.settings import storage

KERNELS = {
    "ppc64el": ("linux-image-powerpc64le", "vmlinux"),
    "amd64": ("linux-image-amd64", "vmlinuz"),
}
IMAGE = "petipy.cpio.zst"
PARTS = ("core", "programs", "python", "common", "modules", PART)  # in the order of the image
TOOLS = {
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "zstd": "zstd",
    "lz4": "lz4",
    "kmod": "kmod",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}

# An optional part of the image: programs as in userland.PROGRAMS, and its own files.
Option = tuple[Mapping[str, tuple[str, ...]], Tree]


def build(
    architecture: str,
    output: Path,
    *,
    suite: str,
    cache: Path,
    mirror: str,
    signed: bool = False,
    plain: bool = False,
    own_kernel: bool = False,
    signing_key: Path | None = None,
    config: bytes = b"",
    ssh_keys: Path | None = None,
    layouts: str = "some",
    keyring: Path | None = None,
) -> Manifest:
    """Write kernel, image and manifest.json to `output`.

    `signed` leaves the kernel modules as they are; `plain` leaves out every trick for speed.
    `own_kernel` builds a kernel from Debian's source in the place of Debian's. If it is `signed`,
    `signing_key` or a key of the cache signs its modules. `config` is the image's file of settings.
    `ssh_keys` are the public keys that may log in; without them there is no ssh server. `keyring`
    are those for OpenPGP signatures; without them there is no verifier. `layouts` is one of
    keymaps.CHOICES.
    """
    epoch()  # a wrong one ends the build here
    options: list[Option] = []
    if ssh_keys:
        login = ssh.make_tree(ssh.read_keys(ssh_keys), ssh.keep_host_key(output / ssh.KEPT))
        options.append((ssh.PROGRAMS, login))
    if keyring:
        options.append((openpgp.PROGRAMS, openpgp.make_tree(openpgp.read_keyring(keyring))))
    target = Archive(cache / "apt", suite, architecture, mirror)
    own = take_own_kernel(target, cache, signing_key, signed=signed) if own_kernel else None
    with locked(cache):
        need(TOOLS)
        target.update()
        host = Archive(cache / "apt", suite, host_architecture(), mirror)
        if host.architecture != target.architecture:
            host.update()
        manifest = Manifest(architecture, suite)
        zstd = Zstd(cache / "compressed")
        kernel = take_kernel(target, own, manifest, whole=signed or plain)
        modules = select_modules(kernel, architecture)
        options.append(({}, keymaps.make_tree(layouts, target, cache)))
        options.append(({}, languages.make_tree()))
        trees = assemble(
            kernel, modules, target, host, cache, zstd, manifest, plain=plain, options=options
        )
        quick = Lz4(cache / "compressed") if kernel.has("RD_LZ4") and not plain else zstd
        frames = compress(trees, zstd, quick)
    manifest.compressed = {name: len(frame) for name, frame in frames.items()}
    brought = manifest.parts["python"]
    manifest.features = features.count(trees, manifest.compressed, modules, brought)
    image = join((make_mark(), *frames.values(), *make_config(config)))
    files = {KERNELS[architecture][1]: kernel.image, **kernel.others, IMAGE: image}
    manifest.write(output, files)
    return manifest


def join(archives: Iterable[bytes]) -> bytes:
    """Return the image. The kernel takes an archive that is not compressed at multiples of 4 only.

    It skips the zeros before it: init/initramfs.c, unpack_to_rootfs.
    """
    return b"".join(archive + bytes(-len(archive) % 4) for archive in archives)


def make_mark() -> bytes:
    """Return the first archive, which is not compressed: by it Petipy recognises its own image."""
    tree = Tree()
    tree.add(initrd.RELEASE, file(f"ID={initrd.ID}\nNAME=Petipy\n".encode()))
    return cpio.write(tree, epoch())


def make_config(config: bytes) -> list[bytes]:
    """Return the last archive, which is not compressed either, with the file of settings."""
    if not config:
        return []
    tree = Tree()
    tree.add(storage.IMAGE.lstrip("/"), file(config))
    return [cpio.write(tree, epoch())]


def read_config(path: Path) -> bytes:
    """Return a file of settings. Raise BuildError if any line of it means nothing to Petipy."""
    try:
        config = path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror}") from None
    if wrong := storage.load("", str(path)).complaints:
        raise BuildError("; ".join(wrong))
    return config


def compress(trees: dict[str, Tree], zstd: Compressor, quick: Compressor) -> dict[str, bytes]:
    """Return each tree as an archive: lz4.PARTS by `quick`, packs.PART as it is, others by zstd.

    Where the kernel has no LZ4, `quick` is zstd, too.
    """
    packs = {name: quick.pack if name in lz4.PARTS else zstd.pack for name in trees}
    packs[PART] = lambda data: data
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        frames = {
            name: pool.submit(packs[name], cpio.write(tree, epoch()))
            for name, tree in trees.items()
        }
    return {name: frame.result() for name, frame in frames.items()}


def take_own_kernel(target: Archive, cache: Path, key: Path | None, *, signed: bool) -> Tree:
    """Return the files of a kernel that is built from Debian's source, or was before."""
    need(TOOLS)
    from initramfs.kernel import signing, tailored  # most builds compile nothing

    return tailored.fetch(target, cache, signing.take_key(key, cache) if signed else None)


def take_kernel(target: Archive, own: Tree | None, manifest: Manifest, *, whole: bool) -> Kernel:
    """Return our own kernel, or without one Debian's. `whole`: its modules stay as they are."""
    if own is None:
        packages = target.fetch(target.list_kernel(KERNELS[target.architecture][0])).values()
        manifest.packages |= {p.name: p.version for p in packages}
        own = read_packages(p.path for p in packages)
    kernel = Kernel(own, change=None if whole else speed_up)
    manifest.kernel = kernel.version
    return kernel


def assemble(
    kernel: Kernel,
    modules: Modules,
    target: Archive,
    host: Archive,
    cache: Path,
    zstd: Zstd,
    manifest: Manifest,
    *,
    plain: bool,
    options: Sequence[Option] = (),
) -> dict[str, Tree]:
    """Return the parts of the image.

    Each part becomes an archive; the kernel unpacks one after the other. A change in one part
    leaves the compressed bytes of the others alone.
    """
    version = python.minor_version(target)
    manifest.python = version
    say(f"kernel {kernel.version}, Python {version}")
    locked_wheels = wheels.fetch(wheels.pins(), cache / "wheels")
    interpreter = python.assemble(version, target, host, locked_wheels, plain=plain)
    more = {package: files for programs, _ in options for package, files in programs.items()}
    programs = userland.assemble(target, version, interpreter.tree, plain=plain, more=more)
    for _, tree in options:
        programs.tree.update(tree)
    brought = (*programs.packages, *interpreter.packages)
    manifest.packages |= {p.name: p.version for p in brought}
    # petipy.network.clock: no clock may stand before this.
    built = max(epoch(), *(read_build_time(p.path) for p in brought))
    programs.tree.add("usr/lib/clock-epoch", file(b"%d\n" % built))
    manifest.parts = {
        "programs": programs.parts,
        "python": interpreter.parts,
        "modules": modules.sizes(),
    }
    drivers = kernel.tree_of(modules, None if plain else zstd.pack)
    core, common, packed = Tree(), Tree(), Tree()
    if not plain:
        mount_debugfs(programs.tree, kernel)
        programs.tree.update(interpreter.tree.split((SSL,)))
        pack_programs(programs.tree, zstd.pack)
        core, common = programs.tree.split(lz4.CORE), drivers.split(("*.ko",))
        packed = Tree({**programs.tree.split(("*.zst",)), **drivers.split(("*.zst",))})
    trees = (core, programs.tree, interpreter.tree, common, drivers, packed)
    return {name: tree for name, tree in zip(PARTS, trees, strict=True) if tree}


def select_modules(kernel: Kernel, architecture: str) -> Modules:
    modules = kernel.select(sections(REPOSITORY / "initramfs/drivers.txt"), architecture)
    for name in modules.unknown:
        warn(f"drivers.txt names {name}, which {kernel.version} does not have")
    return modules


def host_architecture() -> str:
    """Return Debian's name for the architecture of this machine."""
    architecture = machines.find(platform.machine())
    return architecture.debian or architecture.name


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="initramfs/build", description=__doc__)
    parser.add_argument("--arch", choices=sorted(KERNELS), default="ppc64el")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--suite", default="stable", help="of Debian (default: stable)")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR")
    parser.add_argument("--mirror", default=MIRROR, metavar="URL")
    parser.add_argument(
        "--kernel",
        choices=("debian", "tailored"),
        default="debian",
        help="Debian's, or one that is built from its source for this image: it starts faster",
    )
    parser.add_argument(
        "--keep-signatures",
        action="store_true",
        help="leave the kernel modules signed, for kernels that are locked down (slower to load);"
        " with --kernel tailored: sign them",
    )
    parser.add_argument(
        "--signing-key",
        type=Path,
        metavar="FILE",
        help="the key that signs a tailored kernel's modules: PEM, with its certificate;"
        " else one is drawn, once, and kept in the cache",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the image's settings, its {storage.IMAGE}: lines such as timeout = 5",
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="leave out every trick for speed and size; see initramfs/fast",
    )
    parser.add_argument(
        "--ssh-keys",
        type=Path,
        metavar="FILE",
        help="public keys, as in authorized_keys, that may open the menu by ssh; adds dropbear",
    )
    parser.add_argument(
        "--keymaps",
        choices=keymaps.CHOICES,
        default="some",
        help="keyboard layouts: those of keymaps.txt, every one that X11 has, or none",
    )
    parser.add_argument(
        "--keyring",
        type=Path,
        metavar="FILE",
        help="public keys, of gpg --export, for the OpenPGP signatures that a grub.cfg wants;"
        " adds gpgv",
    )
    return parser


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    if options.signing_key and not (options.keep_signatures and options.kernel == "tailored"):
        parser.error("--signing-key needs --kernel tailored and --keep-signatures")

    def work() -> None:
        manifest = build(
            options.arch,
            options.output,
            suite=options.suite,
            cache=options.cache,
            mirror=options.mirror,
            signed=options.keep_signatures,
            plain=options.plain,
            own_kernel=options.kernel == "tailored",
            config=read_config(options.config) if options.config else b"",
            signing_key=options.signing_key,
            ssh_keys=options.ssh_keys,
            layouts=options.keymaps,
            keyring=options.keyring,
        )
        say(f"{options.output}: done")
        sys.stdout.write(manifest.describe() + "\n")

    return run_to_end(work)


if __name__ == "__main__":
    sys.exit(main())
