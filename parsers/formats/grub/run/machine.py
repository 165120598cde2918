"""The machine of one configuration: the disks, the problems and the limits that its runs share."""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from parsers import machines
from parsers.api import ANY, FileRef, Files, Password, Problem, Volume
from parsers.formats.grub.language.family import DEBIAN, Family
from parsers.formats.grub.language.words import Pattern, matches
from parsers.formats.grub.run.devices import Devices
from parsers.places.lease import Lease, bootfile, server
from parsers.places.urls import split
from parsers.reading.budget import Budget, OutOfBudget

_FEATURES = (
    "chainloader_bpb ntldr platform_search_hint default_font_path all_video_module menuentry_id"
    " menuentry_options 200_final nativedisk_cmd timeout_style"
)
STEPS = 120_000  # of the budget of one configuration, besides those for the lines of its menus
# Steps that each line adds to the budget, and the number of lines that do: many lines are no loop
# without end.
_LINE, _LINES = 120, 2_500
_MOST_LINES = 10_000
_MOST_WANTED = 50  # volumes that are listed one by one


Locate = Callable[[Volume, str], str]


class Place(NamedTuple):
    """A file's name, split into device and path."""

    device: str  # as GRUB calls it
    path: str  # absolute, without . and ..
    volume: Volume | None  # None: the machine has no such device
    devices: Devices
    url: str = ""  # of a file on a server
    name: str = ""  # the path as GRUB has it, which may begin in a subvolume

    @property
    def is_remote(self) -> bool:
        """True for a file on a server. Its name may lack the slash: it begins at the root."""
        return bool(self.url) or self.devices.is_server(self.volume)

    def files(self) -> Files | None:
        return self.devices.tree(self.volume) if self.volume else None

    def read(self) -> str | None:
        if self.url:
            return self.devices.fetch(self.url)
        files = self.files()
        return files.read(self.path) if files else None

    def names(self) -> list[str]:
        files = self.files()
        return files.names(self.path) if files else []

    def kind(self) -> str | None:
        if self.url:
            return self.devices.kind_at(self.url)
        files = self.files()
        if not files:
            return None
        return "directory" if self.path == "/" else files.kind(self.path)

    def size(self) -> int:
        if self.url:
            return len(self.read() or "")
        files = self.files()
        return files.size(self.path) if files else 0

    def modified(self) -> int:
        files = self.files()
        return files.modified(self.path) if files else 0


class GrubMachine:
    """The disks, the problems so far, and the work that may still be done."""

    _MOST_PROBLEMS = 100

    def __init__(
        self,
        files: Files,
        say: Callable[[str], None] = lambda _: None,
        elsewhere: Sequence[str] = (),
        family: Family = DEBIAN,
    ) -> None:
        self.family = family
        self.devices = Devices(files)
        self.firmware, self.compatible = files.host.firmware, files.host.compatible
        self.budget = Budget(STEPS)
        self._lines = 0
        self.say = say  # prints what GRUB would
        self._elsewhere = [[char * 2 if char == "*" else char for char in p] for p in elsewhere]
        self.problems: dict[tuple[str, str, int], Problem] = {}
        self.wanted: dict[str, None] = {}  # volumes that were searched for in vain
        self.passwords: dict[str, Password] = {}  # by user; GRUB keeps them over all menus
        architecture = machines.find(files.host.machine)
        self.cpu = architecture.grub or architecture.name
        self.platform = architecture.firmware
        self._network = dict(_network(files.host.lease, self.platform))

    def variables(self, config: str) -> dict[str, str]:
        """Return the variables that GRUB sets, all exported, when it starts on the file."""
        root = self.devices.name(self.devices.own)
        directory = f"({root}){posixpath.dirname(config).rstrip('/')}"
        return {
            "root": root,
            "prefix": directory,
            "config_file": f"({root}){config}",
            "config_directory": directory,
            "cmdpath": directory,
            "grub_cpu": self.cpu,
            "grub_platform": self.platform,
            "lang": "",
            # The starter of a loopback.cfg in an ISO file tells it here where the file is.
            **({"iso_path": self.devices.own.image} if self.devices.own.image else {}),
            **{f"feature_{name}": "y" for name in (*_FEATURES.split(), *self.family.features)},
            **self._network,
        }

    def complain(
        self,
        config: str,
        line: int,
        message: str,
        column: int = 0,
        *,
        waits: bool = False,
        each: bool = False,
        always: bool = False,
        cut: bool = False,
    ) -> None:
        """Note a Problem: an equal one in the same file once, or `each` on its own line.

        Problems above a limit are left out, but not one that is `always` worth listing.
        """
        if len(self.problems) > self._MOST_PROBLEMS and not always:
            return
        if len(self.problems) == self._MOST_PROBLEMS and not always:
            message = "more problems than are worth listing"
        problem = Problem(config, max(line, 1), message, column, waits=waits, cut=cut)
        self.problems.setdefault((config, message, problem.line if each else 0), problem)

    def add_line(self) -> None:
        """Count a line that is added to a menu."""
        self._lines += 1
        if self._lines <= _LINES:
            self.budget.spend(-_LINE)
        elif self._lines > _MOST_LINES:
            raise OutOfBudget(f"more than {_MOST_LINES} lines of menus: the rest is left")

    def wants(self) -> tuple[str, ...]:
        """Return the volumes with which the configuration may say something else."""
        unclear = self.devices.missed or len(self.wanted) > _MOST_WANTED
        return (ANY,) if unclear else tuple(self.wanted)

    def place(self, path: str, root: str) -> Place:
        device = root
        if path[:1] == "(" and ")" in path:
            device, _, path = path[1:].partition(")")
        volume = self.devices.find(device) if device else None
        absolute = posixpath.normpath(f"/{path}").replace("//", "/")
        server = "" if volume else self.devices.server(device)
        url = server and f"{server}{absolute}"
        return Place(device, absolute, volume, self.devices, url, absolute)

    def file(self, place: Place) -> FileRef:
        if place.volume:
            own = place.volume.name == self.devices.own.name
            return FileRef(path=place.path, device="" if own else place.volume.name)
        if place.url:
            return FileRef(url=place.url)
        return FileRef(path=place.path, device=place.device)

    def has(self, file: FileRef) -> bool:
        """Return True if the volume has the file."""
        return Place("", file.path, self._volume(file), self.devices).kind() == "file"

    def file_system(self, file: FileRef) -> str:
        """Return the type of the file's file system."""
        volume = self._volume(file)
        return volume.fs if volume else ""

    def _volume(self, file: FileRef) -> Volume | None:
        return self.devices.find(file.device) if file.device else self.devices.own

    def label(self, place: Place) -> str:
        """Return the name of a configuration file in an Entry or a Problem."""
        own = place.volume is None or place.volume.name == self.devices.own.name
        return place.path if own or not place.volume else f"({place.volume.name}){place.path}"

    def is_listed(self, place: Place) -> bool:
        """Return True if the file is scanned by itself, so that no other needs to list it."""
        volume = place.volume
        if not volume or (volume.image and volume.name != self.devices.own.name):
            return False
        steps = place.path.count("/")
        return any(p.count("/") == steps and matches(p, place.path) for p in self._elsewhere)

    def match(self, pattern: Pattern, root: str, locate: Locate) -> list[str]:
        """Return the names that fit a pattern: files, devices in parentheses, or disks.

        `locate` gives the path in the whole file system of a path as GRUB has it.
        """
        if pattern[0] == "**":
            names = self.devices.names(disks_only=True)
            return [f"({name})" for name in names if matches(pattern, f"({name})")]
        if pattern[0] != "(":
            device = self.devices.find(root)
            return self._walk("", device, pattern, locate) if device else []
        end = list(pattern).index(")") + 1 if ")" in pattern else len(pattern)
        names = (f"({name})" for name in self.devices.names())
        devices = [name for name in names if matches(pattern[:end], name)]
        if not pattern[end:]:
            return devices
        devices = devices or ["".join(item[0] for item in pattern[:end])]
        return [
            path
            for device in devices
            if (volume := self.devices.find(device[1:-1]))
            for path in self._walk(device, volume, pattern[end:], locate)
        ]

    def _walk(self, device: str, volume: Volume, pattern: Pattern, locate: Locate) -> list[str]:
        """Return the files of a volume, written as the pattern is: with its slashes."""
        tree = self.devices.tree(volume)
        if tree is None or pattern[0] != "/":
            return []
        paths = [""]
        for component in _components(pattern):
            if not any(len(item) == 2 for item in component):
                paths = [f"{path}{''.join(component)}" for path in paths]
                continue
            wider = []
            for path in paths:
                self.budget.spend()
                for name in tree.names(locate(volume, path)):
                    self.budget.spend()
                    # A name with a dot in front fits only a pattern with a dot in front.
                    if matches(component, name) and (name[0] != "." or component[0] == "."):
                        wider.append(f"{path}{name}")
            paths = wider
        return [f"{device}{path}" for path in paths if _fits(tree.kind(locate(volume, path)), path)]


# GRUB's name of the interface that the firmware loaded it over.
_CARDS = {"ieee1275": "ofnet_net", "efi": "efinet0", "pc": "pxe"}
# GRUB's variable, and udhcpc's names for the same, the first that is set.
_SAID = {
    "hostname": ("hostname",),
    "domain": ("domain",),
    "rootpath": ("rootpath",),
    "boot_file": ("boot_file", "bootfile"),
    "dhcp_server_name": ("sname", "tftp"),
    "next_server": ("siaddr",),
    "dhcp_siaddr": ("siaddr",),
    "clientuuid": ("clientuuid",),
}


def _network(lease: Lease, platform: str) -> Iterator[tuple[str, str]]:
    """Yield GRUB's variables of the interface that it was loaded over."""
    if not lease:
        return
    card = _CARDS.get(platform, "net")
    own = {"ip": lease.get("ip", ""), "mac": lease.get("mac", "").lower()}
    said = {n: next((lease[w] for w in words if lease.get(w)), "") for n, words in _SAID.items()}
    known = {f"net_{card}_{name}": value for name, value in (own | said).items()}
    known |= {f"net_default_{name}": value for name, value in own.items()}
    # The older name, of GRUB for a PC's PXE, is known everywhere.
    # The server of the boot file: RFC 5970 has it in a URL.
    host = split(bootfile(lease))[0].partition("://")[2]
    host = host.strip("[]") if host.endswith("]") else host
    known |= dict.fromkeys(("net_default_server", "pxe_default_server"), host or server(lease))
    known["net_default_interface"] = card
    yield from ((name, value) for name, value in known.items() if value)


def _fits(kind: str | None, path: str) -> bool:
    return kind == "directory" if path.endswith("/") else kind is not None


def _components(pattern: Pattern) -> Iterator[Pattern]:
    """Yield the slashes, and the texts between them, in turn."""
    component: list[str] = []
    for item in pattern:
        if component and (item == "/") != (component[0] == "/"):
            yield component
            component = []
        component.append(item)
    yield component
