"""systemd-networkd: it alone assigns addresses. It gets its units, and runs without root's rights.

It parses what any machine of the network sends, so it has a user of its own and the four
capabilities that it needs (it would keep CAP_SYS_ADMIN, too, if root started it).
"""

import os
import random
import re
import select
import signal
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from petipy import platforms
from petipy.log import Log
from petipy.network import dhcp4
from petipy.network.units import Identity, make_units
from petipy.startup import packs
from petipy.state.network import Lease
from petipy.state.settings import Settings
from petipy.sys import limits, process
from petipy.sys.forked import Parent, in_child

PROGRAM = "/usr/lib/systemd/systemd-networkd"
_NICE = 5  # disks come first: a boot from one need not wait for the network
_UNPACKING = 60.0  # seconds
_RENAMING = 30.0  # seconds
_LEAVING = 0.1  # seconds for packets that wait for the server's hardware address
_ENVIRONMENT = {**process.ENVIRONMENT, "SYSTEMD_LOG_TARGET": "console", "SYSTEMD_LOG_COLOR": "0"}
_LEVEL = re.compile(r"<([0-7])>")
_ERROR = 3  # of syslog's levels; those below are worse
# A value in a unit of ours, which a setting has and only networkd knows to be wrong.
_COMPLAINT = re.compile(r"/\S*/[0-9]{2}-(\S+)\.(?:network|netdev):[0-9]+: (?!Unknown)(?P<words>.*)")


class Networkd:
    """The daemon, with the settings of the start."""

    def __init__(
        self, settings: Settings, platform: platforms.Platform, log: Log, root: str = "/"
    ) -> None:
        """Set it up for this machine; `root` is the place of /run."""
        self._settings, self._platform, self._log = settings, platform, log
        self._run = Path(root, "run/systemd")
        self._machine_id = Path(root, "etc/machine-id")
        self._pid = 0
        self._complaints: set[str] = set()  # that have been told

    async def run(self) -> None:
        """Run the daemon until cancelled, and end it then; addresses stay.

        Start this once there is a link. Raise OSError if the daemon cannot be started, or ends by
        itself: the caller tells it, and runs this again after a pause. That configures the
        links anew.
        """
        await in_child(_unpack, _UNPACKING)
        identity = self._identify()
        units = make_units(self._settings, identity)
        self._write(units)
        self._write_machine_id(identity)
        _keep_apart()
        if any(name.endswith(".link") for name in units):
            await _rename(self._log)
        async with process.daemon(
            [PROGRAM],
            user=limits.NETWORKD_USER,
            capabilities=limits.CONFIGURE_NETWORKS,
            nice=_NICE,
            end_by=signal.SIGUSR2,  # it ends as for a restart: addresses and leases stay
            environment=_ENVIRONMENT,
        ) as daemon:
            self._pid = daemon.pid
            try:
                async for line in daemon.lines():
                    self._tell(line)
                status = await daemon.wait()
            finally:
                self._pid = 0
        raise ChildProcessError(f"systemd-networkd ended with status {status}")

    def release(self, leases: Iterable[Lease], within: float = 1.0) -> None:
        """Give addresses back if a setting says so, for another kernel takes over.

        This takes at most `within` seconds. `leases` are those of the links. networkd itself gives
        back the addresses of DHCPv6 alone: before version 260 it closes DHCPv4's socket first.
        """
        if not self._pid or not self._settings.dhcp_release:
            return
        for lease in leases:
            words = dict(lease)
            try:
                release(words["mac"], words["ip"], words["serverid"])
            except (KeyError, ValueError, OSError):  # it has no address of IPv4, or no way out
                continue
        time.sleep(_LEAVING)
        os.kill(self._pid, signal.SIGTERM)
        descriptor = os.pidfd_open(self._pid)
        try:
            select.select([descriptor], [], [], within - _LEAVING)
        finally:
            os.close(descriptor)

    def _identify(self) -> Identity:
        architecture = self._platform.dhcp_architecture(os.uname().machine)
        return Identity(architecture=architecture, uuid=self._platform.read_uuid(""))

    def _write(self, units: Mapping[str, str]) -> None:
        """Write the units, and make the directory for the daemon's own files."""
        place = self._run / "network"
        place.mkdir(parents=True, exist_ok=True)
        for old in place.iterdir():
            if old.name not in units:
                old.unlink()
        for name, text in units.items():
            (place / name).write_text(text)
        own = self._run / "netif"
        own.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(own, limits.NETWORKD_USER, limits.NETWORKD_USER)

    def _write_machine_id(self, identity: Identity) -> None:
        """Give the machine an identity if it has none (machine-id(5)).

        Without one, networkd from version 256 on takes no route that a router advertises.
        """
        if not self._machine_id.exists():
            self._machine_id.write_text(f"{(identity.uuid or os.urandom(16)).hex()}\n")

    def _tell(self, line: str) -> None:
        level = _LEVEL.match(line)
        words = line[level.end() :] if level else line
        text = f"networkd: {words}"
        if complaint := _COMPLAINT.match(words):
            if complaint["words"] in self._complaints:  # of another interface
                return
            self._complaints.add(complaint["words"])
            self._log.warning(f"networkd: {complaint[1]}: {complaint['words']}")
        elif level and int(level[1]) <= _ERROR:
            self._log.warning(text)
        else:  # the links' own lines say the same in fewer words
            self._log.debug(text)


def release(mac: str, address: str, server: str) -> None:
    """Send the packet that gives an address back. Raise OSError, ValueError for wrong words."""
    packet = dhcp4.make_release(
        bytes.fromhex(mac.replace(":", "")), random.getrandbits(32), address, server
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # networkd may have the port; servers take any
            sender.bind((address, dhcp4.CLIENT_PORT))
        sender.sendto(dhcp4.write(packet), (server, dhcp4.SERVER_PORT))


def _unpack(_: Parent) -> str:
    packs.unpack(packs.NETWORK)
    return ""


def _keep_apart() -> None:
    """Have each link answer ARP for its own addresses only, and from them.

    By default any link answers for all. Two links on one network would get each other's packets,
    which a socket that is bound to its link does not see.
    """
    for name, value in (("arp_ignore", "1"), ("arp_announce", "2")):
        with suppress(OSError):  # in a container
            Path("/proc/sys/net/ipv4/conf/all", name).write_text(value)


async def _rename(log: Log) -> None:
    """Have udevd give cards the names of the .link files: before they are up."""
    for words in (
        ("control", "--reload"),
        ("trigger", "--settle", "--action=add", "--subsystem-match=net"),
    ):
        try:
            await process.run(["/usr/bin/udevadm", *words], within=_RENAMING)
        except OSError as error:
            log.warning(f"udevadm {words[0]}: {error.strerror}; interfaces keep their names")
            return
