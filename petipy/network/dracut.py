"""dracut's words for the network: dracut.cmdline(7). Text in, setups out.

Differences to dracut:

- Interfaces that no word names still ask for addresses.
- `ip=` without an interface and with an address counts for the card of `bootdev=` or `BOOTIF=`.
  Without these it counts for every card with a cable, as for systemd-network-generator. dracut
  takes one.
- The second address of `ip=` is the other end of the link only if the netmask leaves no room for
  others. PXELINUX writes the boot server there (IPAPPEND).
- Teams and iBFT are missing.
"""

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface, ip_network

from petipy.network.units import BOND_OPTIONS
from petipy.settings.storage import NETWORK_WORDS
from petipy.state.network import Method, Setup, Setups

_METHODS: dict[str, Method] = {
    "on": "auto",
    "any": "auto",
    "dhcp": "dhcp4",
    "single-dhcp": "dhcp4",
    "dhcp6": "dhcp6",
    "either6": "dhcp6",
    "auto6": "routers",
    "link6": "link6",
    "link-local": "link4",
    "none": "static",
    "off": "static",
    "": "static",
}
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_CARD = re.compile(r"[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}")  # the card that has this MAC
_HOST = re.compile(r"[A-Za-z0-9.-]{0,64}")
_OPTION = re.compile(r"[a-z0-9_]+=[A-Za-z0-9_.;+-]+")  # of a bond
_MTUS, _VLANS = range(68, 1 << 16), range(1, 4095)
_BOOT = "BOOTIF"  # an interface's name that stands for the one of the word BOOTIF=


def read(text: str) -> Setups:
    """Return the setups that the words ask for, which blanks separate."""
    found = _Found()
    for word in text.split():
        name, _, value = word.partition("=")
        try:
            found.take(name, value)
        except ValueError as error:
            found.complaints.append(f"{word}: {error}")
    return replace(found.finish(), text=text)


@dataclass
class _Found:
    """Everything that the words so far ask for."""

    setups: dict[str, Setup] = field(default_factory=dict)  # by interface; "" is all others
    routes: list[tuple[str, str, str]] = field(default_factory=list)  # network, gateway, interface
    nameservers: list[str] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)
    server_names: bool = True
    boot_name: str = ""
    boot_mac: str = ""
    use_boot_mac: bool = True
    complaints: list[str] = field(default_factory=list)

    def take(self, name: str, value: str) -> None:
        """Take one word. Raise ValueError with the reason if it is wrong."""
        if name not in NETWORK_WORDS:
            raise ValueError("not a word for the network")
        if name == "ip":
            self._take_ip(value)
        elif name == "ifname":
            wanted, _, mac = value.partition(":")
            self.names.append((_read_name(wanted), _read_mac(mac)))
        elif name == "nameserver":
            self.nameservers.append(_read_address(value))
        elif name == "rd.route":
            self._take_route(value)
        elif name == "rd.peerdns":
            self.server_names = value != "0"
        elif name == "bootdev":
            self.boot_name = _read_name(value)
        elif name == "rd.bootif":
            self.use_boot_mac = value != "0"
        elif name == "BOOTIF":
            # "01-": Ethernet. It may have colons, or be absent.
            digits = value.replace("-", ":")
            self.boot_mac = _read_mac(digits.removeprefix("01:") if len(digits) > 17 else digits)
        else:
            self._take_virtual(name, value)

    def _take_ip(self, value: str) -> None:
        parts = _split(value)
        if len(parts) == 1 and parts[0] in _METHODS and parts[0]:
            self._add(_make_setup("", parts[0]))
        elif len(parts) > 1 and parts[1] in _METHODS and parts[1]:
            mtu, mac = (parts[2:3] or [""])[0], ":".join(parts[3:])
            self._add(_make_setup(parts[0], parts[1], mtu=mtu, mac=mac))
        elif "ibft" in parts:
            raise ValueError("the firmware's table (iBFT) is not read")
        else:
            client, peer, gateway, mask, host, name, method, *rest = parts + [""] * (7 - len(parts))
            if method not in _METHODS:
                raise ValueError(f"{method!r} is none of {', '.join(filter(None, _METHODS))}")
            setup = _make_setup(name, method)
            if client:
                setup = _add_address(setup, client, mask, peer)
            elif setup.method == "static":
                setup = replace(setup, method="ignore")
            if gateway:
                setup = replace(setup, gateways=(_read_address(gateway),))
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is not a host's name")
            self._add(_add_rest(replace(setup, hostname=host), rest))

    def _take_route(self, value: str) -> None:
        network, gateway, *rest = [*_split(value), ""]
        name = rest[0] if rest else ""
        try:
            whole = str(ip_network(network, strict=False))
        except ValueError:
            raise ValueError(f"{network!r} is not a network like 198.51.100.0/24") from None
        self.routes.append((whole, _read_address(gateway), _read_name(name) if name else ""))

    def _take_virtual(self, kind: str, value: str) -> None:
        if kind == "team":
            raise ValueError("teams are not supported; a bond with mode=802.3ad speaks LACP, too")
        if kind == "vlan":
            name, _, below = value.partition(":")
            digits = re.search(r"\d+$", name)
            number = int(digits[0]) if digits else 0
            if number not in _VLANS:
                raise ValueError(f"{name!r} ends with no number from 1 to 4094")
            setup = Setup(kind="vlan", number=number, members=(_read_name(below),))
        elif kind == "bridge":
            name, _, below = (value or "br0:eth0").partition(":")
            setup = Setup(kind="bridge", members=_read_names(below))
        else:
            parts = (value or "bond0:eth0,eth1:mode=balance-rr").split(":")
            name, below, options, mtu, *_ = [*parts, "", "", ""]
            members = _read_names(below or "eth0,eth1")
            setup = Setup(kind="bond", members=members, mtu=_read_mtu(mtu))
            setup = replace(setup, options=_read_options(options or "mode=balance-rr"))
        self._add(replace(setup, name=_read_name(name)))

    def _add(self, setup: Setup) -> None:
        """Add a setup to what is asked of its interface already."""
        before = self.setups.get(setup.name)
        if before is None:
            self.setups[setup.name] = setup
            return
        # A virtual interface has a word of its own, which says nothing of addresses.
        method = setup if before.kind or before.method in ("static", "ignore") else before
        if {before.method, setup.method} == {"dhcp4", "dhcp6"}:
            method = replace(setup, method="auto")
        made, other = (before, setup) if before.kind else (setup, before)
        self.setups[setup.name] = replace(
            made,
            method=before.method if setup.kind else method.method,
            addresses=before.addresses + setup.addresses,
            peer=before.peer or setup.peer,
            gateways=before.gateways + setup.gateways,
            nameservers=before.nameservers + setup.nameservers,
            hostname=setup.hostname or before.hostname,
            mtu=made.mtu or other.mtu,
            new_mac=setup.new_mac or before.new_mac,
        )

    def finish(self) -> Setups:
        """Return everything, with each interface's name or MAC."""
        for network, gateway, name in self.routes:
            setup = self.setups.get(name or self._find_way(gateway)) or Setup(name=name)
            routes = (*setup.routes, (network, gateway))
            self.setups[setup.name] = replace(setup, routes=routes)
        return Setups(
            interfaces=tuple(filter(None, map(self._place, self.setups.values()))),
            names=tuple(self.names),
            nameservers=tuple(self.nameservers),
            server_names=self.server_names,
            complaints=tuple(self.complaints),
        )

    def _find_way(self, gateway: str) -> str:
        """Return the interface that a gateway is behind."""
        for name, setup in self.setups.items():
            networks = (ip_interface(address).network for address in setup.addresses)
            if any(ip_address(gateway) in network for network in networks):
                return name
        asked = [name for name, setup in self.setups.items() if name and setup.method != "ignore"]
        return asked[0] if len(asked) == 1 and "" not in self.setups else ""

    def _place(self, setup: Setup) -> Setup | None:
        """Return the setup with the interface that BOOTIF= or bootdev= stands for."""
        mac = self.boot_mac if self.use_boot_mac else ""
        if setup.name == _BOOT:
            if mac or self.boot_name:
                return replace(setup, name="" if mac else self.boot_name, mac=mac)
            self.complaints.append(f"ip=: there is no word {_BOOT}= that says which card it is")
            return None
        if _CARD.fullmatch(setup.name):
            return replace(setup, name="", mac=setup.name.replace("-", ":").lower())
        if not setup.name and setup.addresses and (mac or self.boot_name):
            return replace(setup, name=self.boot_name, mac="" if self.boot_name else mac)
        return setup


def _make_setup(name: str, method: str, *, mtu: str = "", mac: str = "") -> Setup:
    asked = _METHODS[method]
    if asked == "static" and method:  # without an address, as ip=eth0:off
        asked = "ignore"
    return Setup(
        name=name if not name or _CARD.fullmatch(name) else _read_name(name),
        method=asked,
        mtu=_read_mtu(mtu),
        new_mac=_read_mac(mac) if mac else "",
    )


def _add_address(setup: Setup, client: str, mask: str, peer: str) -> Setup:
    address = _read_address(client)
    try:
        interface: IPv4Interface | IPv6Interface = ip_interface(f"{address}/{mask}")
    except ValueError:
        raise ValueError(f"{mask!r} is neither a netmask nor the length of a prefix") from None
    alone = interface.network.num_addresses == 1
    return replace(
        setup,
        method="static" if setup.method == "ignore" else setup.method,
        addresses=(interface.with_prefixlen,),
        peer=_read_address(peer) if peer and alone else "",
    )


def _add_rest(setup: Setup, rest: list[str]) -> Setup:
    """Add what follows the method: MTU and MAC, or name servers."""
    if rest and ("." in rest[0] or ":" in rest[0] or (len(rest) == 2 and "." in rest[1])):
        return replace(setup, nameservers=tuple(_read_address(part) for part in rest if part))
    mtu, mac = (rest[0] if rest else ""), ":".join(rest[1:])
    return replace(setup, mtu=_read_mtu(mtu), new_mac=_read_mac(mac) if mac.strip(":") else "")


def _split(value: str) -> list[str]:
    """Split at colons, but not within [], which are taken away."""
    return [part.strip("[]") for part in re.findall(r"(?:\[[^]]*\]|[^:])+|(?<![^:])(?=:|$)", value)]


def _read_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of an interface")
    return text


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(_read_name(name) for name in text.split(","))


def _read_mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text!r} is not an address like 52:54:00:12:34:56")
    return text.lower()


def _read_address(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None


def _read_mtu(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) in _MTUS):
        raise ValueError(f"{text!r} is not a size of packets (68 to 65535)")
    return int(text)


def _read_options(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for option in text.split(","):
        if not _OPTION.fullmatch(option):
            raise ValueError(f"{option!r} is not an option of a bond")
        name, _, value = option.partition("=")
        if name not in BOND_OPTIONS:
            raise ValueError(f"the bond's option {name!r} is not known")
        found.append((name, value))
    return tuple(found)
