"""Mounting devices, and image files on them, where nobody sees it."""

import errno
import os
from collections.abc import Sequence
from contextlib import closing

from parsers.api import Volume
from parsers.binary.superblock import KINDS, identify
from parsers.places.volumes import image
from petipy.scan.files import TreeFiles
from petipy.state.model import Device
from petipy.sys import block, mount

_PROCESSOR, _MEMORY = 10, 64 << 20  # seconds and bytes to read a superblock


class Mounter:
    """Mounts devices read-only.

    With `own_machine`, block devices become read-only in the kernel when they are first mounted,
    and stay so. Without it, they are read through a read-only loop device.
    """

    def __init__(self, own_machine: bool) -> None:
        self._own_machine = own_machine

    def roots(self, name: str, devices: Sequence[Device]) -> list[int]:
        """Return a descriptor of the root directory of one of the devices, or of an image on one.

        A device may be a block device, a disk image or a directory. A btrfs may have a second
        descriptor, of its default subvolume. OSError with the device's name and a reason.
        """
        volume = find_volume(name, devices)
        try:
            if volume is None:
                raise OSError(errno.ENODEV, "there is no such device")
            if volume.image:
                return self._mount_image(volume, devices)
            return self._mount(next(device for device in devices if device.name == name))
        except OSError as error:
            words = error.strerror or str(error)
            raise OSError(error.errno, f"{name}: {words}") from None

    def root(self, device: Device) -> int:
        """Return a descriptor of the root directory alone."""
        root, *others = self.roots(device.name, [device])
        for fd in others:
            os.close(fd)
        return root

    def _mount(self, device: Device) -> list[int]:
        roots = self._mount_node(device.node, device.volume.fs)
        try:
            # After the mount, which holds the disk: before it, another one could still come.
            block.check_node(device.node, device.sequence)
        except OSError:
            for root in roots:
                os.close(root)
            raise
        return roots

    def _mount_node(self, node: str, fs: str) -> list[int]:
        if os.path.isdir(node):  # noqa: PTH112  pathlib would be one more import
            return [os.open(node, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        if self._own_machine and not os.path.isfile(node):  # noqa: PTH113
            block.protect(node)
            return mount.open_roots(node, fs)
        node, loop = block.attach(node)
        try:
            return mount.open_roots(node, fs)
        finally:
            os.close(loop)

    def _mount_image(self, volume: Volume, devices: Sequence[Device]) -> list[int]:
        """Mount an image file. The mount holds the loop device, and that the file's own mount."""
        root, *others = self.roots(volume.disk, devices)
        with closing(TreeFiles(root, volume, fallbacks=others)) as files:
            file = files.open(volume.image)
        if file is None:
            raise OSError(errno.ENOENT, "there is no such file")
        try:
            node, loop = block.attach_open(file)
        finally:
            os.close(file)
        try:
            return mount.open_roots(node, volume.fs or _file_system(loop))
        finally:
            os.close(loop)


def find_volume(name: str, devices: Sequence[Device]) -> Volume | None:
    """Return the volume of a device, or that in an image file on one of them."""
    volumes = [device.volume for device in devices]
    return next((v for v in volumes if v.name == name), None) or image(name, volumes)


def _file_system(device: int) -> str:
    """Return the name of the file system on an open device; OSError if it has none.

    A child without rights reads the superblock.
    """
    from petipy.sys.confined import confine  # few disks need it

    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            confine("probe", [device, theirs], _PROCESSOR, _MEMORY)
            found = identify(lambda offset, length: os.pread(device, length, offset))
            os.write(theirs, found.kind.encode() if found else b"")
        finally:
            os._exit(0)
    os.close(theirs)
    kind = os.read(ours, 16).decode("ascii", "replace")
    os.close(ours)
    os.waitpid(child, 0)
    if kind not in KINDS:
        raise OSError(errno.EINVAL, "no file system that is known is in it")
    return kind
