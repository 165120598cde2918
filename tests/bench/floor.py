"""Make Petipy's peers for the bench: busybox with kexec-tools and no scan, GRUB under SLOF."""

import tempfile
from pathlib import Path

from initramfs import cpio
from initramfs.archive import Archive
from initramfs.host import default_cache, locked, run
from initramfs.tree import Tree, file, read_package
from tests.bench.images import Image, read_kernel
from tests.e2e.target import System, drivers, userland
from tests.trees import Content, lay

INIT = Path(__file__).with_name("floor-init")
DRIVERS = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
APPLETS = ("sh", "mount", "umount", "insmod")
LIBRARIES = "usr/lib/powerpc64le-linux-gnu"
GRUB = "usr/lib/grub/powerpc-ieee1275"
FONT = "usr/share/grub/unicode.pf2"
# Modules that grub-install puts into the core image for a GPT disk with ext4, and its first
# script. GRUB reads the rest from /boot/grub.
GRUB_MODULES = ("ext2", "part_gpt", "search_fs_uuid")
GRUB_START = """\
search.fs_uuid @UUID@ root
set prefix=($root)'/boot/grub'
"""


def packages(*names: str, suite: str = "stable") -> dict[str, Tree]:
    with locked(default_cache()):
        archive = Archive(default_cache() / "apt", suite, "ppc64el")
        archive.update()
        fetched = archive.fetch(names)
    return {name: read_package(package.path) for name, package in fetched.items()}


def floor(system: System, cmdline: str, initrd: Path, image: Image) -> Path:
    """Write an initrd whose init starts the system's kernel from /dev/vda2 by kexec-tools.

    It is for the image's kernel, and has the drivers that this does not have built in.
    """
    found = packages("busybox-static", "kexec-tools", "libc6")
    if image.own:
        kernel = read_kernel()
    else:
        kernel = packages(f"linux-image-{image.manifest['kernel']}").popitem()[1]
    tree = userland(found["busybox-static"], APPLETS)
    tree.add("bin/kexec", file(found["kexec-tools"]["usr/sbin/kexec"].data, executable=True))
    for name in ("ld64.so.2", "libc.so.6"):
        data = found["libc6"][f"{LIBRARIES}/{name}"].data
        tree.add(f"usr/lib/{name}", file(data, executable=True))
        tree.add(f"lib64/{name}", file(data, executable=True))
    for name, data in drivers(kernel, DRIVERS).items():
        tree.add(f"modules.d/{name}.ko", file(data))
    order = (path for path in tree if path.endswith(".ko"))
    tree.add("modules", file("".join(f"/{path}\n" for path in order).encode()))
    init = INIT.read_text().replace("@RELEASE@", system.release).replace("@CMDLINE@", cmdline)
    tree.add("init", file(init.encode(), executable=True))
    initrd.write_bytes(cpio.write(tree, 0))
    return initrd


def grub(uuid: str) -> tuple[bytes, dict[str, Content]]:
    """Return GRUB like grub-install leaves it on a disk whose root has that UUID.

    The result is the content of its PReP boot partition, and the files in /boot/grub.
    """
    found = packages("grub-ieee1275-bin", "grub-common")
    tree = found["grub-ieee1275-bin"]
    files = {path: node.data for path, node in tree.items() if path.startswith(f"{GRUB}/")}
    installed = {f"/boot/grub/{path[len('usr/lib/grub/') :]}": data for path, data in files.items()}
    installed["/boot/grub/fonts/unicode.pf2"] = found["grub-common"][FONT].data
    with tempfile.TemporaryDirectory(prefix="petipy-") as place:
        room = lay(Path(place), {**files, "load.cfg": GRUB_START.replace("@UUID@", uuid)})
        argv: list[str | Path] = ["grub-mkimage", "-O", "powerpc-ieee1275", "-d", room / GRUB]
        argv += ["-p", "/boot/grub", "-c", room / "load.cfg", "-o", room / "core.elf"]
        run([*argv, *GRUB_MODULES])
        return (room / "core.elf").read_bytes(), {**installed}
