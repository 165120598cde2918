"""Make entries and preferences of an extlinux.conf, as U-Boot boots its labels."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.api import Entry, FileRef, Files, Item, Origin, Password, Preferences, Problem
from parsers.formats.syslinux.context import ReadContext
from parsers.formats.syslinux.devicetree import find_devicetree
from parsers.formats.syslinux.labels import Locator, strip_marks
from parsers.formats.syslinux.origins import origin
from parsers.formats.syslinux.preferences import make_password
from parsers.formats.syslinux.statements import Statement, first_word
from parsers.formats.syslinux.sysappend import sysappend_words
from parsers.formats.syslinux.uboot.images import ImageReader, Images
from parsers.formats.syslinux.uboot.language import UbootConfiguration, UbootLabel
from parsers.formats.syslinux.uboot.macros import expand

_IPAPPEND = 0x1 | 0x2  # ip= and BOOTIF=; U-Boot knows no others


def read_items(files: Files, locator: Locator, path: str, directory: str) -> Iterator[Item]:
    """Yield the items of the configuration at a place. Relative names begin at `directory`."""
    context = ReadContext()
    conf = UbootConfiguration(locator, directory, context)
    conf.read(path)
    builder = UbootEntryBuilder(files, ImageReader(files, locator, directory), context)
    entries = list(builder.entries(conf))
    yield from entries
    yield from context.problems
    yield builder.preferences(conf, entries)


class UbootEntryBuilder:
    """Builder of the entries of one configuration."""

    def __init__(self, files: Files, images: ImageReader, context: ReadContext) -> None:
        self._files, self._images, self._context = files, images, context
        self._names: set[str] = set()
        self._passwords: list[Password] = []
        self._directories: dict[str, str | None] = {}

    def entries(self, conf: UbootConfiguration) -> Iterator[Entry]:
        chosen = self._choose(conf)
        for label in conf.labels:
            reasons = (origin(conf.default),) if conf.default and label is chosen else ()
            yield self._entry(label, default=label is chosen, reasons=reasons)

    def _choose(self, conf: UbootConfiguration) -> UbootLabel | None:
        """Return the label that boots by itself: without a default, the first with a kernel."""
        if conf.default:
            if found := _find(conf.labels, conf.default.value):
                return found
            self._context.complain(conf.default, f"no label is called {conf.default.value!r}")
        bootable = (label for label in conf.labels if _has_kernel(label))
        return next(bootable, None)

    def preferences(self, conf: UbootConfiguration, entries: Sequence[Entry]) -> Preferences:
        fallback = _find(conf.labels, conf.fallback.value) if conf.fallback else None
        names = [e.name for e, label in zip(entries, conf.labels, strict=True) if label is fallback]
        chosen = next((entry for entry in entries if entry.default), None)
        if conf.master and (password := make_password("master", conf.master)):
            self._passwords.append(password)
        return Preferences(
            timeout=_timeout(conf),
            fallback=tuple(names),
            superusers=("master",) if conf.master else None,
            passwords=tuple(self._passwords),
            elsewhere=bool(chosen and chosen.action == "exit"),
        )

    def _entry(self, label: UbootLabel, *, default: bool, reasons: tuple[Origin, ...]) -> Entry:
        name = self._unique(label)
        title = strip_marks(label.title) or label.name
        entry = Entry(
            title=title,
            name=name,
            config=label.config,
            line=label.line,
            end=label.end,
            default=default,
            default_from=reasons,
            users=self._users(label, name),
        )
        if not _has_kernel(label):
            # LOCALBOOT runs a command of the board's; the kernel beside it does not count.
            local = "localboot" in label.settings
            why = "LOCALBOOT: it leaves the boot to the firmware" if local else "it names no kernel"
            return replace(entry, unbootable=why, action="exit" if local else "")
        images = self._read_images(label)
        cmdline, origins = self._cmdline(label)
        return replace(
            entry,
            kernel=images.kernel,
            initrds=(images.initrd,) if images.initrd else (),
            devicetree=images.devicetree,
            overlays=tuple(images.overlays),
            cmdline=cmdline,
            unbootable=images.unbootable,
            origins=origins,
        )

    def _unique(self, label: UbootLabel) -> str:
        unique, count = label.name, 1
        while unique in self._names:
            unique, count = f"{label.name}~{count + 1}", count + 1
        self._names.add(unique)
        if count == 2:
            self._report(label, f"another label is called {label.name!r} already")
        return unique

    def _users(self, label: UbootLabel, name: str) -> tuple[str, ...] | None:
        """Return the users who may boot the label. A user has the name of the label."""
        if not label.password:
            return None
        if password := make_password(name, label.password):
            self._passwords.append(password)
        else:
            self._report(label, "its password is hashed in no way that is known: it stays locked")
        return (name,)

    def _read_images(self, label: UbootLabel) -> Images:
        kernel, initrd, tree = (label.value(key) for key in ("kernel", "initrd", "fdt"))
        images = self._images.read(kernel, initrd, tree)
        for problem in images.problems:
            self._report(label, problem)
        directory = "" if tree else label.value("fdtdir")
        found = self._find_devicetree(label, directory) if directory else None
        if found:
            images.devicetree, images.overlays = self._images.file(found), []
        if overlays := label.settings.get("fdtoverlays"):
            # U-Boot applies them only to a tree that the label names.
            if images.devicetree and (tree or found):
                images.overlays += self._find_overlays(overlays)
            else:
                words = "it names no device tree: the overlays are not applied"
                self._context.complain(overlays, words)
        return images

    def _find_overlays(self, setting: Statement) -> Iterator[FileRef]:
        """Yield the overlays that are there. U-Boot goes on without the others."""
        for name in filter(None, setting.value.split(" ")):
            ref = self._images.file(self._images.locate(name))
            if ref.url or self._files.kind(ref.path) == "file":
                yield ref
            else:
                self._context.complain(setting, f"there is no overlay {name}: it is left out")

    def _find_devicetree(self, label: UbootLabel, directory: str) -> str | None:
        """Return the file of FDTDIR's directory for this machine, if the machine has a tree."""
        compatible = self._files.host.compatible
        if not compatible:
            return None
        place = self._images.locate(directory).rstrip("/")
        if place not in self._directories:
            self._directories[place] = find_devicetree(self._files, place)
        if self._directories[place] is None:
            what = f"no device tree in {directory} is known to be for {compatible[0]}"
            self._report(label, f"{what}: the machine's own is used")
        return self._directories[place]

    def _cmdline(self, label: UbootLabel) -> tuple[str, tuple[Origin, ...]]:
        append = label.settings.get("append")
        options, variables = expand(append.value) if append else ("", [])
        if variables:
            names = ", ".join(f"${{{name}}}" for name in variables)
            self._report(label, f"{names} is a variable of the firmware's: left out")
        bits = int(label.value("ipappend") or 0) & _IPAPPEND
        cmdline = " ".join(filter(None, (options, *sysappend_words(bits, self._files))))
        keys = ("kernel", "initrd", "fdt", "fdtdir", "fdtoverlays")
        found = [origin(label.settings[key]) for key in keys if key in label.settings]
        if append and options:
            found.insert(1, origin(append, (0, len(options))))
        if len(cmdline) > len(options):
            found.append(origin(label.settings["ipappend"], (len(options), len(cmdline))))
        return cmdline, tuple(found)

    def _report(self, label: UbootLabel, message: str) -> None:
        self._context.problems.append(Problem(label.config, label.line, message))


def _has_kernel(label: UbootLabel) -> bool:
    return "kernel" in label.settings and "localboot" not in label.settings


def _find(labels: list[UbootLabel], name: str) -> UbootLabel | None:
    """Return the label of a name. U-Boot compares the whole line, and takes the last of equals.

    A default with options behind the name, which is SYSLINUX's, means that label here.
    """
    same = [label for label in labels if label.name == name]
    first = [label for label in labels if label.name == first_word(name)]
    return next(reversed(same), None) or next(iter(first), None)


def _timeout(conf: UbootConfiguration) -> float:
    """Return the time-out in seconds: a prompt or a menu waits, without a time-out for ever.

    U-Boot rounds up to whole seconds.
    """
    if not conf.prompt:
        return 0
    return -(-conf.timeout // 10) if conf.timeout > 0 else math.inf
