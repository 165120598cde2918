"""The files of a label: as they are, or within one of U-Boot's containers."""

from parsers.api import FileRef, Files
from parsers.binary import fit, mkimage
from parsers.binary.fit import FitConfiguration, FitError
from parsers.binary.mkimage import MkimageError
from parsers.formats.syslinux.labels import Locator


# A plain class: every start imports this module, and a NamedTuple takes longer to make.
class Images:
    """The files that a label boots. `problems` cost it something, `unbootable` everything."""

    def __init__(
        self,
        kernel: FileRef,
        initrd: FileRef | None = None,
        devicetree: FileRef | None = None,
        unbootable: str = "",
    ) -> None:
        self.kernel, self.initrd, self.devicetree = kernel, initrd, devicetree
        self.unbootable = unbootable
        self.overlays: list[FileRef] = []  # of the device tree
        self.problems: list[str] = []


class ImageReader:
    """Reader of the files that a configuration in `directory` names.

    U-Boot's `bootm` looks into each file. One with mkimage's header is the data behind the header.
    A flattened image tree (FIT) is a kernel, an initrd and a device tree: those of the
    configuration behind `#`, else of its default.
    """

    def __init__(self, files: Files, locator: Locator, directory: str) -> None:
        self._files, self._locator, self._directory = files, locator, directory
        self._fits: dict[tuple[str, str], FitConfiguration] = {}

    def locate(self, name: str) -> str:
        return self._locator.locate(self._directory, name)

    def file(self, place: str) -> FileRef:
        return self._locator.file(place)

    def read(self, kernel: str, initrd: str, devicetree: str) -> Images:
        """Read the files of a label by their names; "" for none."""
        name, _, configuration = kernel.partition("#")
        file = self._locator.file(self.locate(name))
        try:
            if fit.is_fit(self._files, file.path):
                found = self._unpack_fit(file, configuration.partition("#")[0])
            else:
                found = self._unpack(file)
        except (FitError, MkimageError) as error:
            return Images(file, unbootable=_explain(file, error))
        if "#" in configuration:
            words = "the overlays of the device tree behind the second # are not applied"
            found.problems.append(words)
        # Both may name the FIT of the kernel once more.
        try:
            if initrd and initrd != kernel:
                found.initrd = self._initrd(initrd)
            if devicetree == "-":
                found.devicetree, found.overlays = None, []
            elif devicetree and devicetree != kernel:
                found.devicetree, found.overlays = self._devicetree(devicetree), []
        except (FitError, MkimageError) as error:
            found.unbootable = str(error)
        return found

    def _unpack(self, file: FileRef) -> Images:
        """Return the images of a file that is no FIT; several are kernel, initrd, device tree."""
        kernel, *others = self._images(file)
        initrd, devicetree, *_ = (*others, None, None)
        return Images(kernel, initrd, devicetree)

    def _images(self, file: FileRef) -> tuple[FileRef, ...]:
        return mkimage.read_images(self._files, file.path) or (file,)

    def _unpack_fit(self, file: FileRef, name: str) -> Images:
        found = self._configuration(file.path, name)
        images = Images(found.kernel.file, found.ramdisk.file if found.ramdisk else None)
        if found.devicetrees:
            tree, *overlays = found.devicetrees
            images.devicetree = None if tree.packed else tree.file
            if tree.packed:
                why = f"its device tree is packed ({tree.packed})"
                images.problems.append(f"{why}: the machine's own is used")
                return images
            for overlay in overlays:
                if overlay.packed:
                    why = f"an overlay of its device tree is packed ({overlay.packed})"
                    images.problems.append(f"{why}: it is left out")
                else:
                    images.overlays.append(overlay.file)
        return images

    def _configuration(self, path: str, name: str) -> FitConfiguration:
        if (path, name) not in self._fits:
            self._fits[path, name] = fit.read_configuration(self._files, path, name)
        return self._fits[path, name]

    def _initrd(self, name: str) -> FileRef:
        path, _, configuration = name.partition("#")
        file = self._locator.file(self.locate(path))
        try:
            if fit.is_fit(self._files, file.path):
                ramdisk = self._configuration(file.path, configuration).ramdisk
                if ramdisk is None:
                    raise FitError("there is no initrd in it")
                return ramdisk.file
            return self._images(self._locator.file(self.locate(name)))[0]
        except (FitError, MkimageError) as error:
            raise type(error)(_explain(file, error)) from None

    def _devicetree(self, name: str) -> FileRef:
        file = self._locator.file(self.locate(name))
        try:
            return self._images(file)[0]
        except MkimageError as error:
            raise MkimageError(_explain(file, error)) from None


def _explain(file: FileRef, error: FitError | MkimageError) -> str:
    kind = "the FIT image" if isinstance(error, FitError) else "the image"
    return f"{kind} {file.path}: {error}"
