"""Surveys of networks: what servers would have this machine boot.

Nothing is configured. Servers are asked for offers, none of which is taken, or a file has a lease.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from parsers.api import Problem, Volume
from parsers.places.lease import WORDS, views
from petipy import platforms
from petipy.commands.base import BadUsage
from petipy.commands.survey import ask_sandbox, choose_formats, make_survey
from petipy.log import Log
from petipy.state.model import NETWORK, Device, Scan
from petipy.state.network import ANY_WAY, Fetching, Lease, Link, Request, Way, find_way
from petipy.state.survey import Network, Survey

if TYPE_CHECKING:
    from petipy.machinefile.machine import Machine
    from petipy.sandbox.client import Scanner

PATIENCE = 120.0  # seconds for all files of a lease: a person waits, but a server may be slow
WAIT = 10.0  # seconds for offers
_LONGEST_CLASS = 255  # bytes of an option


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """A lease, and the reasons why parts of it are missing or of no use."""

    name: str
    lease: Lease
    reachable: bool = True  # files can be fetched
    way: Way = ANY_WAY  # to the servers
    problems: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which network to survey."""
    group = parser.add_argument_group("networks")
    group.add_argument(
        "--network",
        metavar="IFACE",
        nargs="?",
        const="",
        help="ask DHCP servers on this interface, or on all; no address is taken",
    )
    group.add_argument(
        "--lease",
        metavar="FILE",
        help="a recorded lease: word=value lines as DHCP clients write them, dhcpcd's packet, JSON;"
        " a machine file with urls answers by itself",
    )
    group.add_argument(
        "--wait", type=float, default=WAIT, metavar="SECONDS", help="for offers (default: 10)"
    )
    group.add_argument(
        "--architecture",
        type=_read_architecture,
        metavar="NUMBER",
        help="the processor type in DHCP's option 93, such as 0xc (default: this machine's)",
    )
    group.add_argument(
        "--user-class",
        default="",
        metavar="TEXT",
        help="of DHCP, such as iPXE: many servers name a script then, instead of a boot program",
    )
    group.add_argument(
        "--ca",
        metavar="FILE",
        action="append",
        default=[],
        type=lambda text: str(Path(text).absolute()),
        help="trust this authority of https servers, too; may be repeated",
    )


def _read_architecture(text: str) -> int:
    number = int(text, 0) if text.isascii() else -1
    if not 0 <= number < 1 << 16:
        raise ValueError(text)
    return number


_read_architecture.__name__ = "processor type"  # argparse: "invalid processor type value: 'x'"


def survey_network(options: argparse.Namespace) -> Survey:
    """Ask DHCP servers. BadUsage if that is impossible, or if no interface is of use."""
    if options.path is not None or options.lease:
        raise BadUsage("--network stands alone: no PATH, no --lease")
    if len(options.user_class.encode(errors="replace")) > _LONGEST_CLASS:
        raise BadUsage(f"--user-class: more than {_LONGEST_CLASS} bytes")
    links, problems = _choose_links(options.network)
    offered = _ask(links, options)
    found = _survey(offered, options)
    return replace(found, problems=(*problems, *found.problems))


def survey_lease(options: argparse.Namespace) -> Survey:
    """Follow recorded leases. BadUsage if the file has none."""
    from petipy.commands.leases import read_leases

    if options.path is not None:
        raise BadUsage("--lease stands alone: no PATH")
    leases = read_leases(options.lease)
    if machine := _load_servers(options.lease):
        return _replay(machine, options)
    without_mac = ("the lease has no mac: places with the hardware address are left out",)
    offered = [
        _Offered(
            name=name,
            lease=tuple((word, lease[word]) for word in lease),
            problems=() if lease.get("mac") else without_mac,
        )
        for name, lease in leases.items()
    ]
    return _survey(offered, options)


# Asking


def _choose_links(name: str) -> tuple[list[Link], list[tuple[str, Problem]]]:
    """Return the links to ask on, and the reasons why others are not."""
    from petipy.network.interfaces import Interfaces
    from petipy.sys.netlink import Monitor

    try:
        monitor = Monitor()
    except OSError as error:
        raise BadUsage(f"this machine has no network: {error.strerror}") from None
    with_kernel = Interfaces()
    try:
        with_kernel.restart(monitor.dump())
    finally:
        monitor.close()
    known = with_kernel.list()
    chosen = [interface for interface in known if name in ("", interface.link.name)]
    if not chosen:
        names = ", ".join(interface.link.name for interface in known)
        what = f"no interface is called {name}" if name else "there is no network interface"
        raise BadUsage(f"{what}; there are {names}" if names and name else what)
    problems: list[tuple[str, Problem]] = []
    links: list[Link] = []
    for interface in chosen:
        link, why = interface.link, ""
        if not interface.up:
            why = f"it is down: `ip link set {link.name} up` first"
        elif not link.carrier:
            why = "no carrier: is the cable plugged in?"
        if why:
            problems.append((link.name, Problem("", 0, why)))
        else:
            links.append(link)
    if not links:
        raise BadUsage("; ".join(f"{device}: {problem.message}" for device, problem in problems))
    return links, problems


def _ask(links: Sequence[Link], options: argparse.Namespace) -> list[_Offered]:
    from petipy.network.inquiry import inquire
    from petipy.network.offers import list_reasons, make_lease
    from petipy.network.options import format_uuid
    from petipy.network.units import Identity

    platform = platforms.find()
    own = platform.dhcp_architecture(os.uname().machine)
    architecture = own if options.architecture is None else options.architecture
    uuid = platform.read_uuid("")
    identity = Identity(architecture=architecture, uuid=uuid)
    if not 0 < options.wait < 3600:
        raise BadUsage(f"--wait {options.wait:g}: not a number of seconds from 0 to 3600")
    log = Log(files=())
    try:
        heard = asyncio.run(inquire(log, links, identity, options.user_class, options.wait))
    except PermissionError:
        raise BadUsage("only root may ask DHCP servers") from None
    words = [line.text for line in log.lines]
    found = []
    for link in links:
        lease = make_lease(heard[link.index], link, format_uuid(uuid), unconfirmed=True)
        reasons = [*words, *list_reasons(heard[link.index])]
        if not lease:
            reasons.append(f"no DHCP server answered within {options.wait:g} seconds")
        elif not link.addresses:
            reasons.append("it has no address: the files of the lease cannot be fetched")
        found.append(
            _Offered(
                name=link.name,
                lease=lease,
                reachable=bool(link.addresses),
                way=find_way(link),
                problems=tuple(reasons),
            )
        )
    return found


# Following


def _survey(offered: Sequence[_Offered], options: argparse.Namespace) -> Survey:
    """Scan what the leases lead to."""
    machine = _name_machine(options)
    devices = {item.name: _make_device(item) for item in offered}
    by_name = {item.name: item for item in offered}
    problems = [(item.name, Problem("", 0, why)) for item in offered for why in item.problems]
    rules = Fetching(authorities=tuple(options.ca))

    def ask(scanner: "Scanner", device: Device, _: Sequence[Device]) -> Awaitable[Scan]:
        item, dialect = by_name[device.name], options.dialect or ""
        return scanner.scan_lease(
            *(device, item.lease, (), machine, PATIENCE, dialect, rules), way=item.way
        )

    scanned = [devices[item.name] for item in offered if item.lease and item.reachable]
    formats = partial(choose_formats, dialect=options.dialect)
    scans: list[tuple[Device, Scan]] = []
    for device, result in ask_sandbox(scanned, scanned, formats, ask) if scanned else ():
        if isinstance(result, Scan):
            scans.append((device, result))
            problems += [(device.name, problem) for problem in result.problems]
            if result.stopped:
                problems.append((device.name, Problem("", 0, result.stopped)))
        else:
            problems.append((device.name, Problem("", 0, result.strerror or str(result))))
    return _make_survey(offered, scans, problems)


def _make_survey(
    offered: Sequence[_Offered],
    scans: Sequence[tuple[Device, Scan]],
    problems: Sequence[tuple[str, Problem]],
    others: Sequence[Device] = (),
) -> Survey:
    """Return what the scans found. `others` are devices that they may refer to."""
    requests = {device.name: scan.requests for device, scan in scans}
    networks = tuple(
        Network(
            name=item.name,
            lease=item.lease,
            requests=requests.get(item.name, ()),
            places=tuple(_list_places(dict(item.lease))),
        )
        for item in offered
    )
    devices = tuple(map(_make_device, offered))
    return replace(make_survey(devices, scans, problems, (*devices, *others)), networks=networks)


def _load_servers(path: str) -> "Machine | None":
    """Return the machine in a file that has the servers' answers, too; None if it has not."""
    from petipy.machinefile.read import BadMachine, load

    if not path.endswith(".json"):
        return None
    try:
        machine = load(path)
    except BadMachine:
        return None
    return machine if machine.leases and machine.urls else None


def _replay(machine: "Machine", options: argparse.Namespace) -> Survey:
    """Follow the leases of a machine in a file, with the answers that the file has."""
    from petipy.scan.bootfile import NetworkFiles
    from petipy.scan.lease import scan_lease

    name = options.machine[0] if options.machine else machine.name or os.uname().machine
    offered = [
        _Offered(name=n, lease=tuple((word, lease[word]) for word in WORDS if lease.get(word)))
        for n, lease in machine.leases.items()
    ]
    scans: list[tuple[Device, Scan]] = []
    for item in offered:
        files, requests = machine.files(item.name, name), list[Request]()
        fetch = partial(_fetch_recorded, files.host.fetch, requests)
        host = NetworkFiles(files.volume, replace(files.host, fetch=fetch))
        scan = scan_lease(host, choose_formats(dialect=options.dialect))
        scans.append((_make_device(item), replace(scan, requests=tuple(requests))))
    problems = [(device.name, problem) for device, scan in scans for problem in scan.problems]
    disks = [volume for volume in machine.volumes if volume.name not in machine.leases]
    others = [Device(volume=volume, node="") for volume in disks]
    return _make_survey(offered, scans, problems, others)


def _fetch_recorded(
    fetch: Callable[[str], str | None], requests: list[Request], url: str
) -> str | None:
    text = fetch(url)
    answer = "no answer is in the file" if text is None else f"{len(text)} characters"
    if all(request.url != url for request in requests):
        requests.append(Request(url=url, answer=answer, good=text is not None))
    return text


def _name_machine(options: argparse.Namespace) -> str:
    """Return uname's name of the machine that would boot."""
    if len(options.machine) > 1 or options.device:
        raise BadUsage("a network has no devices of its own: one --machine NAME at the most")
    return options.machine[0] if options.machine else os.uname().machine


def _make_device(item: _Offered) -> Device:
    words = dict(item.lease)
    facts = ["network", words.get("ip") or words.get("ip6", ""), words.get("mac", "")]
    title = f"{item.name}: {', '.join(fact for fact in facts if fact)}"
    return Device(volume=Volume(name=item.name), node="", kind=NETWORK, title=title)


def _list_places(lease: Mapping[str, str]) -> Iterator[str]:
    """Yield the URLs that may have a configuration, in the order of the requests."""
    from petipy.scan.netboot import places

    urls = (url for view in views(lease) for place in places(view) for url in place.urls)
    yield from dict.fromkeys(urls)
