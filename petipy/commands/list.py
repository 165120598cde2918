"""`petipy list`: show what Petipy would offer of directories, disk images, devices and networks."""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from parsers.places.volumes import make_index
from petipy.commands.base import Command
from petipy.commands.network import add_arguments as add_networks
from petipy.commands.network import survey_lease, survey_network
from petipy.commands.survey import EPILOG, add_arguments, add_dialect, survey
from petipy.report.networks import describe_network, network_to_json
from petipy.report.printing import write
from petipy.report.quote import format_line
from petipy.report.values import entry_to_json
from petipy.report.visible import escape
from petipy.report.words import describe_effect, describe_problem, describe_signature
from petipy.state.access import describe_users
from petipy.state.model import Choice
from petipy.state.survey import Survey


def _answer(options: argparse.Namespace) -> int:
    if options.network is not None:
        found = survey_network(options)
    elif options.lease:
        found = survey_lease(options)
    else:
        found = survey(options, [options.path] if options.path is not None else [])
    if options.show_foreign:
        found = replace(found, choices=(*found.choices, *found.foreign), foreign=())
    return write(_json(found) if options.json else _text(found)) or not found.choices


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "petipy list",
        description="Show what a directory, disk image, block device or network offers to boot.",
        epilog=f"exit status: 0 with entries, 1 with none, 2 for bad usage.\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="directory, image or device")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--show-foreign", action="store_true", help="systems that kexec cannot boot, too"
    )
    add_arguments(parser)
    add_dialect(parser)
    add_networks(parser)
    return parser


def _json(found: Survey) -> str:
    default = found.default
    timeout = default.timeout if default else None
    find = make_index(found.volumes)
    answer = {
        "entries": [entry_to_json(choice, find) for choice in found.choices],
        "problems": [
            {"device": device, "config": p.config, "line": p.line, "message": p.message}
            for device, p in found.problems
        ],
        "default": default.id if default else None,
        "timeout": None if timeout == math.inf else timeout,
    }
    if found.networks:
        answer["networks"] = [network_to_json(network) for network in found.networks]
    return json.dumps(answer, indent=1) + "\n"


def _text(found: Survey) -> str:
    return "".join(f"{escape(line)}\n" for line in _lines(found))


def _lines(found: Survey) -> Iterator[str]:
    default, snapshot = found.default, found.snapshot
    by_device = defaultdict[str, list[Choice]](list)
    for choice in found.choices:
        by_device[choice.device].append(choice)
    networks = {network.name: network for network in found.networks}
    for device in found.devices:
        yield device.title
        if network := networks.get(device.name):
            yield from describe_network(network)
        mine = by_device[device.name]
        if not mine:
            yield "  nothing to boot"
        for choice in mine:
            yield from _choice(choice, describe_users(choice, snapshot), choice is default)
        yield ""
    if default and describe_users(default, snapshot):
        yield "waits for a password before * boots"
    elif default and not _boots_alone(default):
        yield "nothing here boots by itself"
    elif default and default.timeout is not None:
        wait = default.timeout
        after = "1 second" if wait == 1 else f"{wait:g} seconds"
        yield "waits for a person" if wait == math.inf else f"boots * after {after}"
    for other in found.foreign:
        words = f"{other.entry.title} is {other.obstacle}; --show-foreign lists it"
        yield f"{format_line(other.device, other.entry.config, 0)}: {words}"
    for name, problem in found.problems:
        yield from describe_problem(problem, name)


_AUTHORITIES = {
    "cms": "petipy.ca names an authority",
    "openpgp": "the image of Petipy has a keyring",
}


def _boots_alone(default: Choice) -> bool:
    """Return True unless the default needs a person, or an authority for its signatures."""
    return default.bootable and not (
        default.elsewhere or default.entry.unchecked or default.signatures
    )


def _choice(choice: Choice, users: str, default: bool) -> Iterator[str]:
    entry = choice.entry
    yield f"{'*' if default else ' '} {' > '.join((*entry.trail, entry.title))}"
    for line in entry.help.split("\n") if entry.help else ():
        yield f"    | {line}"
    yield f"    from      {entry.config}:{entry.line} ({choice.written})"
    for other in entry.also:
        yield f"    also      {other}"
    if entry.action:
        yield f"    does      {entry.unbootable}"
    if entry.hidden:
        yield "    hidden    the menu does not show it"
    if entry.hotkey:
        yield f"    key       {entry.hotkey}"
    if users:
        yield f"    users     {users}"
    refs = [("kernel", entry.kernel), *(("initrd", ref) for ref in entry.initrds)]
    overlays = (("overlay", ref) for ref in entry.overlays)
    for name, ref in (*refs, ("devicetree", entry.devicetree), *overlays):
        if ref:
            yield f"    {name:<9} {ref}"
    for signature in entry.signatures:
        yield f"    signature {describe_signature(signature)}"
    if entry.cmdline:
        yield f"    cmdline   {entry.cmdline}"
    for effect in entry.effects:
        yield f"    writes    {describe_effect(effect)}"
    if entry.itself:
        yield "    ! it is Petipy itself, which never boots by itself"
    if entry.unchecked:
        yield f"    ! {entry.unchecked}: it never boots by itself"
    else:
        for kind in dict.fromkeys(signature.kind for signature in entry.signatures):
            yield f"    ! it boots by itself only where {_AUTHORITIES[kind]}"
    if choice.obstacle:
        yield f"    ! {choice.obstacle}"


COMMAND = Command(
    "list",
    "[OPTION]… [PATH]",
    "show what a directory, disk image, device or network offers to boot",
    _parser,
    _answer,
)
