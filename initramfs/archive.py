"""Fetch packages of Debian's archive for one architecture through an apt root of our own.

apt verifies each package against the signed Release file. The host's package configuration stays
as it is; apt reads only its apt.conf, for proxies and the like.
"""

import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import BuildError, run, say, warn, write_whole

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"
FRESH = 6 * 3600  # seconds until package lists are fetched again


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    path: Path


class Archive:
    """`architecture` is Debian's name: ppc64el, amd64 …; `root` holds lists and packages."""

    def __init__(self, root: Path, suite: str, architecture: str, mirror: str = MIRROR) -> None:
        self.architecture = architecture
        self._suite = suite
        self._mirror = mirror.rstrip("/")
        self._root = root.absolute() / f"{suite}-{architecture}"
        self._pool = root.absolute() / "pool"

    def update(self) -> None:
        """Fetch the package lists, security's too if the mirror has it.

        Without the mirror the old lists serve: the packages that they name may be in the pool.
        """
        stamp = self._root / "updated"
        sources = self._sources()
        known = stamp.exists() and stamp.read_text() == sources
        if known and age(stamp) < FRESH:
            return
        say(f"package lists of {self._suite} for {self.architecture}")
        try:
            self._update_available()
        except BuildError as error:
            if not known:
                raise
            self._configure()
            warn(f"using package lists {age(stamp) / 3600:.0f} hours old: {last_line(error)}")
        else:
            write_whole(stamp, sources.encode())

    def _update_available(self) -> None:
        """Fetch the lists; leave out those that contradict the Release file.

        A mirror has such lists in the middle of its own update.
        """
        for left_out in range(3):
            try:
                return self._update(left_out)
            except BuildError as error:
                if left_out == 2:
                    raise
                name = f"{self._suite}-{('security', 'updates')[left_out]}"
                warn(f"without {name}, an index cannot be used: {last_line(error)}")
        return None

    def _update(self, left_out: int) -> None:
        self._configure(left_out)
        self._apt("apt-get", "update", "--error-on=any")

    def _configure(self, left_out: int = 0) -> None:
        for part in ("lists/partial", "archives/partial", "sources", "preferences"):
            (self._root / part).mkdir(parents=True, exist_ok=True)
        write_whole(self._root / "status", b"")
        write_whole(self._root / "apt.conf", self._configuration().encode())
        write_whole(self._root / "sources/debian.sources", self._sources(left_out).encode())

    def _sources(self, left_out: int = 0) -> str:
        """Return apt's sources; with `left_out` 1 without security, with 2 without updates too."""
        base = self._mirror.removesuffix("/debian")
        suites = [
            (self._mirror, self._suite),
            (self._mirror, f"{self._suite}-updates"),
            (f"{base}/debian-security", f"{self._suite}-security"),
        ]
        return "\n".join(
            f"Types: deb\nURIs: {uri}\nSuites: {names}\nComponents: main\n"
            f"Architectures: {self.architecture}\nSigned-By: {KEYRING}\n"
            for uri, names in suites[: 3 - left_out]
        )

    def _configuration(self) -> str:
        root = self._root
        return f"""\
#clear APT::Update;
#clear DPkg;
#clear APT::Architectures;
#clear Acquire::IndexTargets::deb::Contents-deb;
Dir::State "{root}";
Dir::State::status "{root}/status";
Dir::State::lists "{root}/lists";
Dir::Cache "{root}";
Dir::Cache::archives "{root}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{root}/preferences";
APT::Architecture "{self.architecture}";
APT::Architectures {{ "{self.architecture}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
"""

    def _apt(self, *argv: str, cwd: Path | None = None) -> str:
        command, *rest = argv
        return run([command, "-c", self._root / "apt.conf", *rest], cwd=cwd).decode()

    def stanzas(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the control fields of the newest version of each package that exists."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        try:
            text = self._apt("apt-cache", "show", "--no-all-versions", *wanted)
        except BuildError:  # one unknown name spoils the status, not the answer
            text = "".join(self._show(name) for name in wanted)
        found = (fields(stanza) for stanza in text.split("\n\n") if stanza.strip())
        return {stanza["Package"]: stanza for stanza in found}

    def _show(self, name: str) -> str:
        try:
            return self._apt("apt-cache", "show", "--no-all-versions", name)
        except BuildError:
            return ""

    def with_libraries(self, names: Iterable[str]) -> set[str]:
        """Return the packages and every library package that they depend on, directly or not."""
        known: dict[str, dict[str, str]] = {}
        new = self.stanzas(names)
        while new:
            known |= new
            wanted = {name for stanza in new.values() for name in depends(stanza)} - known.keys()
            new = {
                name: stanza
                for name, stanza in self.stanzas(wanted).items()
                if stanza.get("Section", "").endswith("libs")
            }
        return set(known)

    def list_kernel(self, meta: str) -> list[str]:
        """Return the packages with the files of the kernel that a meta package stands for.

        Until Debian 13 one package has all. Since then linux-image-VERSION is empty, and depends
        on linux-base-VERSION (configuration), linux-binary-VERSION and linux-modules-VERSION.
        """
        images = [n for n in self.dependencies(meta) if n.startswith("linux-image-")]
        if not images:
            raise BuildError(f"{self._suite} has no {meta} for {self.architecture}")
        version = images[0].removeprefix("linux-image-")
        parts = (n for n in self.dependencies(images[0]) if n.startswith("linux-"))
        return [images[0], *(name for name in parts if name.endswith(f"-{version}"))]

    def dependencies(self, name: str) -> list[str]:
        """Return the packages that a package needs, each by its first alternative."""
        return depends(self.stanzas([name]).get(name, {}))

    def fetch(self, names: Iterable[str]) -> dict[str, Package]:
        """Return the packages from the cache or the mirror; BuildError names unknown ones."""
        packages = self.look_up(names)
        absent = [package for package in packages.values() if not package.path.exists()]
        if absent:
            say(f"fetching {len(absent)} packages for {self.architecture}")
            self._download(absent)
        return packages

    def look_up(self, names: Iterable[str]) -> dict[str, Package]:
        """Return the packages, fetched or not; BuildError names unknown ones."""
        wanted = sorted(set(names))
        stanzas = self.stanzas(wanted)
        if unknown := [name for name in wanted if name not in stanzas]:
            raise BuildError(f"{self._suite} has no package {', '.join(unknown)}")
        return {name: self._package(stanzas[name]) for name in wanted}

    def _package(self, stanza: dict[str, str]) -> Package:
        # The name has the hash: apt has verified each file in the pool.
        name = f"{stanza['Package']}_{stanza['SHA256'][:16]}.deb"
        return Package(stanza["Package"], stanza["Version"], self._pool / name)

    def _download(self, packages: list[Package]) -> None:
        room = self._root / "download"
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        self._pool.mkdir(parents=True, exist_ok=True)
        self._apt("apt-get", "download", *(f"{p.name}={p.version}" for p in packages), cwd=room)
        for package in packages:
            found = list(room.glob(f"{package.name}_*.deb"))
            if len(found) != 1:
                raise BuildError(f"apt-get did not bring {package.name} {package.version}")
            found[0].replace(package.path)
        shutil.rmtree(room)


def age(path: Path) -> float:
    """Return the seconds since the file was written."""
    return time.time() - path.stat().st_mtime


def fields(stanza: str) -> dict[str, str]:
    """Return the fields of a control stanza that have a single line."""
    return dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.MULTILINE))


def depends(stanza: dict[str, str]) -> list[str]:
    """Return the first alternative of each dependency, without version and architecture."""
    groups = ",".join(stanza.get(key, "") for key in ("Pre-Depends", "Depends")).split(",")
    return [re.split(r"[\s:(|]", group.strip())[0] for group in groups if group.strip()]


def last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
