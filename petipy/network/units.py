"""The settings as files for systemd-networkd: systemd.network(5), .netdev(5), .link(5). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from petipy.network import pxe
from petipy.network.dhcp4 import describe_user_class
from petipy.state.network import Setup, Setups
from petipy.state.settings import Settings

# Options of DHCPv4 that servers answer with because they were asked for (RFC 2132, 3397, 4578,
# 5071, 5859): log servers, root path, vendor's, server's class, TFTP server, boot file, client's
# UUID, search list, a VLAN of telephones, TFTP servers, and those of pxelinux. networkd asks for
# addresses, routers, name servers and clocks by itself.
_REQUESTED = (7, 17, 43, 60, 66, 67, 97, 119, 132, 133, 150, 208, 209, 210, 211)
# Search list (RFC 3646), boot file and its parameters (RFC 5970). Of a number that IANA has not
# assigned, as pxelinux's 209 and 210, networkd makes no request, and leaves the link down.
_REQUESTED_6 = (24, 59, 60)
# EFI's numbers for PXE → for booting by HTTP (IANA's registry for RFC 5970).
_BY_HTTP = {0x0: 0x14, 0x6: 0xF, 0x7: 0x10, 0xA: 0x12, 0xB: 0x13}
_CLASSES = ("PXEClient", "HTTPClient")

# The kernel's words for options of a bond → systemd.netdev's. Values are the same but for times,
# which the kernel has in milliseconds.
_BOND_OPTIONS = {
    "mode": "Mode",
    "xmit_hash_policy": "TransmitHashPolicy",
    "lacp_rate": "LACPTransmitRate",
    "miimon": "MIIMonitorSec",
    "updelay": "UpDelaySec",
    "downdelay": "DownDelaySec",
    "min_links": "MinLinks",
    "ad_select": "AdSelect",
    "ad_actor_sys_prio": "AdActorSystemPriority",
    "ad_user_port_key": "AdUserPortKey",
    "fail_over_mac": "FailOverMACPolicy",
    "arp_validate": "ARPValidate",
    "arp_interval": "ARPIntervalSec",
    "arp_ip_target": "ARPIPTargets",
    "arp_all_targets": "ARPAllTargets",
    "primary_reselect": "PrimaryReselectPolicy",
    "resend_igmp": "ResendIGMP",
    "packets_per_slave": "PacketsPerSlave",
    "num_grat_arp": "GratuitousARP",
    "all_slaves_active": "AllSlavesActive",
    "tlb_dynamic_lb": "DynamicTransmitLoadBalancing",
    "lp_interval": "LearnPacketIntervalSec",
}
_TIMES = frozenset({"miimon", "updelay", "downdelay", "arp_interval"})  # milliseconds
_MODES = (
    *("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb"),
    "balance-alb",
)
BOND_OPTIONS = frozenset({*_BOND_OPTIONS, "primary"})

Section = tuple[str, Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The facts of this machine for DHCP's servers."""

    architecture: int | None  # option 93 (RFC 4578); None: the machine has no number
    uuid: bytes = b""  # 16 bytes, for option 97; b"": the machine has none


def make_units(settings: Settings, identity: Identity) -> Mapping[str, str]:
    """Return the text of each unit by its name. networkd takes the first that matches, by name."""
    asked = settings.interfaces
    number = settings.dhcp_arch
    identity = identity if number is None else replace(identity, architecture=number)
    units = {
        f"10-{name}.link": _write(("Match", [("MACAddress", mac)]), ("Link", [("Name", name)]))
        for name, mac in asked.names
    }
    for setup in (*_complete(asked), _find_rest(asked)):
        if setup.kind:
            units[f"20-{setup.name}.netdev"] = _write(*_netdev_sections(setup))
        if setup.name:
            stem = f"20-{setup.name}"
        else:
            stem = f"30-{setup.mac.replace(':', '')}" if setup.mac else "90-ethernet"
        sections = [*_network_sections(setup, asked)]
        if setup.method == "ignore" and not _find_uppers(setup, asked):
            sections = [sections[0], ("Link", [("Unmanaged", "yes")])]
        elif setup.method in ("auto", "dhcp4", "dhcp6", "routers"):
            sections += _dhcp_sections(settings, identity, setup)
        units[f"{stem}.network"] = _write(*sections)
    return units


def _find_rest(asked: Setups) -> Setup:
    """Return the setup of the cards without one of their own."""
    return next((s for s in asked.interfaces if not s.name and not s.mac), Setup())


def _complete(asked: Setups) -> Iterator[Setup]:
    """Yield the setups of single interfaces, those below virtual ones included."""
    named = {setup.name: setup for setup in asked.interfaces if setup.name}
    for setup in asked.interfaces:
        for member in setup.members:
            # It has no addresses unless the settings say so.
            named.setdefault(member, Setup(name=member, method="ignore"))
    yield from named.values()
    yield from (setup for setup in asked.interfaces if setup.mac and not setup.name)


def _find_uppers(setup: Setup, asked: Setups) -> list[Setup]:
    """Return the virtual interfaces above one."""
    return [upper for upper in asked.interfaces if setup.name and setup.name in upper.members]


def _netdev_sections(setup: Setup) -> Iterator[Section]:
    # The kernel gives a bond and a bridge a member's address, by which servers know the machine.
    # networkd would make one up.
    mac = setup.new_mac or ("" if setup.kind == "vlan" else "none")
    yield (
        "NetDev",
        [
            ("Name", setup.name),
            ("Kind", setup.kind),
            *([("MTUBytes", str(setup.mtu))] if setup.mtu else []),
            *([("MACAddress", mac)] if mac else []),
        ],
    )
    if setup.kind == "vlan":
        yield "VLAN", [("Id", str(setup.number))]
    if setup.kind == "bond":
        yield (
            "Bond",
            [_write_bond_option(*option) for option in setup.options if option[0] in _BOND_OPTIONS],
        )


def _write_bond_option(name: str, value: str) -> tuple[str, str]:
    if name in _TIMES:
        value += "ms"
    elif name == "mode" and value.isdecimal() and int(value) < len(_MODES):
        value = _MODES[int(value)]
    return _BOND_OPTIONS[name], value.replace(";", " ")


def _network_sections(setup: Setup, asked: Setups) -> Iterator[Section]:
    """Yield the sections that say where the addresses come from."""
    if setup.name:
        yield "Match", [("Name", setup.name)]
    elif setup.mac:
        yield "Match", [("MACAddress", setup.mac), ("Type", "ether")]
    else:
        yield "Match", [("Type", "ether")]
    link = [("MTUBytes", str(setup.mtu))] if setup.mtu else []
    if setup.new_mac and not setup.kind:
        link.append(("MACAddress", setup.new_mac))
    yield "Link", [*link, ("RequiredForOnline", "no")]
    yield "Network", [*_network(setup, asked)]
    for address in setup.addresses:
        length = address.partition("/")[2]
        peer = [("Peer", f"{setup.peer}/{length}")] if setup.peer else []
        yield "Address", [("Address", address), *peer]
    routes = [*((("", gateway)) for gateway in setup.gateways), *setup.routes]
    for network, gateway in routes:
        destination = [("Destination", network)] if network else []
        yield "Route", [*destination, ("Gateway", gateway)]


def _network(setup: Setup, asked: Setups) -> Iterator[tuple[str, str]]:
    uppers = _find_uppers(setup, asked)
    master = next((upper for upper in uppers if upper.kind != "vlan"), None)
    for upper in uppers:
        yield {"vlan": "VLAN", "bond": "Bond", "bridge": "Bridge"}[upper.kind], upper.name
        if upper.kind == "bond" and dict(upper.options).get("primary") == setup.name:
            yield "PrimarySlave", "yes"
    method = "ignore" if master else setup.method  # a member's addresses are its master's
    yield "DHCP", {"auto": "yes", "dhcp4": "ipv4", "dhcp6": "ipv6"}.get(method, "no")
    hears = method in ("auto", "dhcp4", "dhcp6", "routers")
    yield "IPv6AcceptRA", "yes" if hears else "no"
    local = hears or method == "link6" or (method != "ignore" and ":" in "".join(setup.addresses))
    yield "LinkLocalAddressing", "ipv4" if method == "link4" else "ipv6" if local else "no"
    yield "LLMNR", "no"
    yield "EmitLLDP", "no"
    if method != "ignore":
        for server in (*setup.nameservers, *asked.nameservers):
            yield "DNS", server


def _dhcp_sections(settings: Settings, identity: Identity, setup: Setup) -> Iterator[Section]:
    """Yield what is asked of the servers and routers on a link, and what they are told."""
    architecture, uuid = identity.architecture, identity.uuid
    if (
        settings.dhcp_class == "HTTPClient"
        and settings.dhcp_arch is None
        and architecture is not None
    ):
        architecture = _BY_HTTP.get(architecture, architecture)
    vendor = settings.dhcp_class
    if vendor in _CLASSES and architecture is not None:
        vendor = pxe.write_class(vendor, architecture)
    names = ("UseDNS", "yes" if settings.interfaces.server_names else "no")
    hostname = [("Hostname", setup.hostname)] if setup.hostname else []
    # A server knows a machine by its MAC before and after this program.
    version_4 = [("ClientIdentifier", "mac"), *hostname]
    if vendor:
        version_4.append(("VendorClassIdentifier", vendor))
    if architecture is not None:
        version_4.append(("SendOption", f"93:uint16:{architecture}"))
    version_4.append(("SendOption", f"94:string:{_escape(pxe.UNDI)}"))
    if uuid:
        version_4.append(("SendOption", f"97:string:{_escape(bytes(1) + uuid)}"))
    # Not UserClass=: systemd 257 sends a byte of a pointer for it, others RFC 3004's lengths.
    for number, data in describe_user_class(settings.dhcp_user_class).items():
        version_4.append(("SendOption", f"{number}:string:{_escape(data)}"))
    version_4.append(("RequestOptions", " ".join(map(str, _REQUESTED))))
    yield "DHCPv4", [*version_4, ("UseMTU", "yes"), names, ("UseHostname", "no")]
    version_6 = [*_dhcp6(vendor, architecture, uuid), *hostname]
    if user := settings.dhcp_user_class.encode():
        version_6.append(("UserClass", _escape(user)))
    yield "DHCPv6", [*version_6, names, ("UseHostname", "no")]
    alone = [("DHCPv6Client", "no")] if setup.method in ("dhcp4", "routers") else []
    yield "IPv6AcceptRA", [*alone, names]


def _dhcp6(vendor: str, architecture: int | None, uuid: bytes) -> Iterator[tuple[str, str]]:
    # Without a machine-id, networkd's own DUID does not exist. RFC 6355 has the UUID for this.
    if uuid:
        yield "DUIDType", "uuid"
        yield "DUIDRawData", ":".join(f"{byte:02x}" for byte in uuid)
    else:
        yield "DUIDType", "link-layer"
    if vendor:
        text = vendor.encode()
        data = pxe.ENTERPRISE.to_bytes(4, "big") + len(text).to_bytes(2, "big") + text
        yield "SendOption", f"16:string:{_escape(data)}"
    if architecture is not None:
        yield "SendOption", f"61:uint16:{architecture}"
    yield "SendOption", f"62:string:{_escape(pxe.UNDI)}"
    yield "RequestOptions", " ".join(map(str, _REQUESTED_6))


def _escape(data: bytes) -> str:
    """Return bytes as a word in which all but letters and digits are escaped as in C."""
    return "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() else f"\\x{b:02x}" for b in data)


def _write(*sections: Section) -> str:
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in lines)
        for name, lines in sections
    )
