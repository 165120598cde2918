"""A lease, and what its servers offer: the first configuration that answers, or a boot file. Pure.

No start without a network card imports this.
"""

from collections.abc import Sequence
from dataclasses import replace

from parsers.api import Entry, Files, Format, Preferences, Problem
from parsers.places.lease import Lease, begins_with_own_disk, bootfiles, views
from petipy.scan.bootfile import FORMAT, NetworkFiles, scan_bootfile
from petipy.scan.netboot import is_ipxe, is_script, places
from petipy.scan.tree import Tell, scan_tree
from petipy.state.model import Scan

_AT_ONCE = 16  # URLs of one hint: whoever fetches need not take more


def prepare(formats: Sequence[Format]) -> None:
    """Import what the formats need for configurations of servers: a confined child cannot."""
    for form in formats:
        if form.prepare_network:
            form.prepare_network()


def scan_lease(files: Files, formats: Sequence[Format], tell: Tell = lambda _: None) -> Scan:
    """Return the network's offer to an interface.

    It is the first configuration that exists, else the kernel or the image that DHCP names. An
    empty configuration sends the machine to its own disks, as MAAS does. So does PXE's menu if its
    first item is the own disk.
    """
    if begins_with_own_disk(files.host.lease):
        server = files.host.lease.get("proxy") or files.host.lease.get("serverid", "")
        return _scan_empty(f"dhcp://{server}/", "the server's menu begins with the next device")
    every = [*views(files.host.lease)]
    if len(every) > 1:
        # Ask the first places of all servers now: a silent server must not delay the others.
        files.host.prefetch([place.urls[0] for view in every for place in [*places(view)][:1]])
    problems: dict[Problem, None] = {}
    for lease in every:
        host = replace(files.host, lease=lease)
        found = _scan_lease(NetworkFiles(files.volume, host), formats, tell)
        if found.entries or found.preferences:
            return found
        problems.update(dict.fromkeys(found.problems))
    return Scan(problems=tuple(problems))


def _scan_lease(files: Files, formats: Sequence[Format], tell: Tell) -> Scan:
    tried: list[str] = []
    unknown: list[Problem] = []
    for place in places(files.host.lease):
        for start in range(0, len(place.urls) if len(place.urls) > 1 else 0, _AT_ONCE):
            files.host.prefetch(place.urls[start : start + _AT_ONCE])
        for url in place.urls:
            tried.append(url)
            # A server may generate a script for each request, so it is requested only once.
            text = files.host.fetch(url) if not place.is_bootfile or is_script(url) else ""
            if text is None:
                continue
            if place.is_bootfile and (not text or "\0" in text):
                if scan := scan_bootfile(files, formats, url):
                    if scan.entries:
                        return replace(scan, problems=(*unknown, *scan.problems))
                    unknown += scan.problems
                    continue
                if not is_script(url) and (text := files.host.fetch(url)) is None:
                    continue
            if _says_nothing(text):
                return _scan_empty(url)
            form = next(
                (form for form in formats if form.network and form.network(url, text)), None
            )
            if form:
                scan = scan_tree(files, [replace(form, paths=(url,))], tell)
                return _tell_default(_tell_nothing(scan, url))
            if place.is_named:
                unknown.append(Problem(url, 0, "not a known boot configuration"))
    return Scan(problems=(*unknown, Problem("", 0, _describe_silence(files.host.lease, tried))))


def _tell_nothing(scan: Scan, url: str) -> Scan:
    """Add a problem to an empty scan: a script may have no case for this machine."""
    if scan.entries or scan.problems or any(wish.elsewhere for _, wish in scan.preferences):
        return scan
    return replace(scan, problems=(Problem(url, 1, "it has nothing to boot for this machine"),))


def _tell_default(scan: Scan) -> Scan:
    """Add a problem to a scan whose default ends the machine: only a person may do that."""
    told = tuple(
        Problem(
            entry.config,
            entry.line,
            f"by default {entry.unbootable}. That needs a person: the next device boots",
        )
        for _, entry in scan.entries
        if entry.default and entry.action not in ("", "exit")
    )
    return replace(scan, problems=(*scan.problems, *told))


def _says_nothing(text: str) -> bool:
    """Return True for an empty configuration, or one of comments. xCAT writes `#boot`."""
    lines = (line.strip() for line in text.split("\n"))
    return not any(line and (line[0] != "#" or line.startswith("#!")) for line in lines)


def _scan_empty(
    url: str,
    why: str = "the server's configuration is empty: it leaves the boot to the next device",
) -> Scan:
    """Return the meaning of an empty configuration: the server wants something else to boot."""
    entry = Entry(
        title="Boot from the next device",
        name="local",
        config=url,
        line=1,
        unbootable=why,
        action="exit",
        default=True,
    )
    return Scan(entries=((FORMAT, entry),), preferences=((url, Preferences(elsewhere=True)),))


def _describe_silence(lease: Lease, tried: Sequence[str]) -> str:
    """Return the reason why a lease leads to nothing."""
    if not tried:
        return "DHCP names nothing to boot"
    words = f"no configuration at {tried[0]}"
    if len(tried) == 2:
        words += f", nor at {tried[1]}"
    elif tried[2:]:
        words += f", nor at {len(tried) - 1} other places, the last {tried[-1]}"
    if name := next(filter(is_ipxe, bootfiles(lease)), ""):
        words += f"; {name} is iPXE: its server may offer a script to the user class iPXE"
    return words
