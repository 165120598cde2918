"""Start real servers in a namespace, from Debian's packages: each ends with the namespace."""

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tests.network.namespace import Namespace, Program
from tests.network.packages import find, unpack

TFTP_ROOT = "tftp"  # directories below Namespace.room
HTTP_ROOT = "http"
NFS_ROOT = "nfs"
_TENTATIVE = 0x40  # IFA_F_TENTATIVE


def start_dnsmasq(
    space: Namespace, *options: str, interface: str = "lan0", alone: bool = True
) -> Program:
    """Start dnsmasq on the interface, with options as on its command line ("dhcp-range=…").

    It answers DHCP at once, whether an address is used or not, and logs all packets. DNS is off
    unless an option "port=53" is given. Beside another server that gives addresses it is not
    `alone`: it must not refuse the addresses of the other one.
    """
    leases = space.room / f"leases-{interface}"
    common = [
        # no-daemon: it stays who it is, which a namespace of an ordinary user needs.
        *("no-daemon", "conf-file=/dev/null", "no-resolv", "no-hosts", "no-ping"),
        *("log-facility=-", "log-dhcp", "pid-file="),
        *(["dhcp-authoritative"] if alone else []),
        *("bind-interfaces", f"interface={interface}", "except-interface=lo"),
        f"dhcp-leasefile={leases}",
        *([] if any(option.startswith("port=") for option in options) else ["port=0"]),
    ]
    words = [f"--{option}" for option in (*common, *options)]
    server = space.start(find("dnsmasq", "dnsmasq-base"), *words)
    server.says(" started, ")
    return server


def start_kea(space: Namespace, family: int, configuration: Mapping[str, object]) -> Program:
    """Start ISC Kea for DHCPv4 or v6 (`family` 4 or 6) with what "Dhcp4" or "Dhcp6" holds.

    Its leases are kept in memory.
    """
    name = f"kea-dhcp{family}"
    whole = {
        "lease-database": {"type": "memfile", "persist": False},
        "loggers": [
            {
                "name": name,
                "severity": "DEBUG",
                "debuglevel": 50,
                "output_options": [{"output": "stdout", "flush": True}],
            }
        ],
        **({"server-id": {"type": "LL", "persist": False}} if family == 6 else {}),
        **configuration,
    }
    file = space.room / f"{name}.json"
    file.write_text(json.dumps({f"Dhcp{family}": whole}, indent=1))
    directory = f"KEA_PIDFILE_DIR={space.room}"
    program = find(name, f"{name}-server")
    if family == 6:
        wait_for_addresses(space)
    server = space.start("env", "KEA_LOCKFILE_DIR=none", directory, program, "-c", file, name=name)
    server.says(f"DHCP{family}_STARTED")
    assert "NO_SOCKETS_OPEN" not in server.said, server.said
    return server


def wait_for_addresses(space: Namespace) -> None:
    """Wait until the kernel has checked every address of IPv6: none is bound before."""
    end = time.monotonic() + 10
    place = Path(f"/proc/{space.pid}/net/if_inet6")
    while any(int(line.split()[4], 16) & _TENTATIVE for line in place.read_text().splitlines()):
        assert time.monotonic() < end, place.read_text()
        time.sleep(0.05)


def start_dhcpd(space: Namespace, statements: str, interface: str = "lan0") -> Program:
    """Start ISC dhcpd for DHCPv4 with these statements, as in dhcpd.conf, on the interface."""
    room = space.room
    file, leases = room / "dhcpd.conf", room / "dhcpd.leases"
    file.write_text(statements)
    leases.touch()
    # AppArmor knows the installed program by its path, and lets it read nothing here.
    program = unpack("isc-dhcp-server", "usr/sbin/dhcpd")
    server = space.start(
        *(program, "-4", "-d", "-f", "-cf", file, "-lf", leases, "-pf", room / "dhcpd.pid"),
        interface,
    )
    server.says("Server starting service")
    return server


def start_nginx(space: Namespace, servers: str, more: str = "") -> Program:
    """Start nginx with "server" blocks, written as in nginx.conf; `more` stands before them.

    The root of each is the directory HTTP_ROOT in the namespace's room. The log has a line for
    each answer: "GET /path 200 SENT RANGE".
    """
    room = space.room
    (room / HTTP_ROOT).mkdir(exist_ok=True)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{kind}_temp_path {room}/nginx-{kind};" for kind in kinds)
    file = room / "nginx.conf"
    file.write_text(
        # One process: a killed test leaves no worker behind.
        f"daemon off; master_process off; user root; pid {room}/nginx.pid;\n"
        f"error_log stderr notice;\nevents {{ }}\nhttp {{\n{places}\nroot {room}/{HTTP_ROOT};\n"
        "log_format short '$request_method $request_uri $status $body_bytes_sent $http_range';\n"
        "access_log /dev/stderr short;\ndefault_type application/octet-stream; sendfile on;\n"
        f"{more}\n{servers}\n}}\n"
    )
    server = space.start(find("nginx", "nginx"), "-p", room, "-c", file)
    server.says(" event method")
    return server


def start_tftpd(space: Namespace, *options: str, address: str = "0.0.0.0:69") -> Program:
    """Start tftpd-hpa; it serves the directory TFTP_ROOT in the namespace's room."""
    root = space.room / TFTP_ROOT
    root.mkdir(exist_ok=True)
    common = ["--foreground", "--user", "root", "--address", address, "--secure"]
    program = unpack("tftpd-hpa", "usr/sbin/in.tftpd")
    return _wait_for_port(space, space.start(program, *common, *options, root), address)


def start_atftpd(space: Namespace, *options: str, address: str = "0.0.0.0:69") -> Program:
    """Start atftpd, which knows windows of several blocks (RFC 7440); it serves TFTP_ROOT."""
    root = space.room / TFTP_ROOT
    root.mkdir(exist_ok=True)
    host, _, port = address.rpartition(":")
    common = ["--daemon", "--no-fork", "--user", "root.root", "--bind-address", host]
    program = unpack("atftpd", "usr/sbin/atftpd")
    common += ["--port", port, "--logfile", "-"]
    return _wait_for_port(space, space.start(program, *common, *options, root), address)


def start_ganesha(space: Namespace, version: int, address: str) -> Program:
    """Start nfs-ganesha, an NFS server in user space, with NFS_ROOT as its export /export.

    `version` is 3, with its rpcbind, or 4. It listens at that address alone, and each server of a
    namespace needs its own.
    """
    room = space.room / f"nfs{version}"
    room.mkdir()
    root = space.room / NFS_ROOT
    root.mkdir(exist_ok=True)
    if version == 3:
        # It changes its user, and would outlive a killed test; the shell does not, and ends it.
        script = f"{find('rpcbind', 'rpcbind')} -f; exit"
        own = ["unshare", "--pid", "--fork", "--kill-child", "--", "sh", "-c", script]
        rpcbind = space.start(*own, name="rpcbind")
        rpcbind.wait(lambda: 111 in udp_ports(space), "UDP port 111")
    file, pid = room / "ganesha.conf", room / "ganesha.pid"
    file.write_text(
        f"NFS_Core_Param {{ Protocols = {version}; Bind_addr = {address}; Enable_NLM = false; "
        "Enable_RQUOTA = false; Mount_Path_Pseudo = true; }\n"
        f"NFSV4 {{ Graceless = true; Only_Numeric_Owners = true; RecoveryRoot = {room}; }}\n"
        f"EXPORT {{ Export_Id = 1; Path = {root}; Pseudo = /export; Access_Type = RO; "
        f"Squash = none; SecType = sys; Protocols = {version}; Transports = TCP; "
        "FSAL { Name = VFS; } }\n"
    )
    program = find("ganesha.nfsd", "nfs-ganesha")
    server = space.start(program, "-F", "-L", "/dev/stdout", "-f", file, "-p", pid, "-N", "EVENT")
    server.says("NFS SERVER INITIALIZED")
    return server


def _wait_for_port(space: Namespace, server: Program, address: str) -> Program:
    port = int(address.rpartition(":")[2])
    server.wait(lambda: port in udp_ports(space), f"UDP port {port}")
    return server


def udp_ports(space: Namespace) -> set[int]:
    """Return the UDP ports that a program of the namespace listens on."""
    lines = [
        line.split()
        for family in ("udp", "udp6")
        for line in Path(f"/proc/{space.pid}/net/{family}").read_text().splitlines()[1:]
    ]
    return {int(words[1].rpartition(":")[2], 16) for words in lines}


def put(root: Path, files: Mapping[str, bytes | str | Path]) -> None:
    """Write files below a server's directory: bytes, text, or a link to another file."""
    for name, content in files.items():
        place = root / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            place.symlink_to(content)
        else:
            place.write_bytes(content if isinstance(content, bytes) else content.encode())


def listen_tcp(space: Namespace, address: str, port: int) -> socket.socket:
    """Return a socket that listens in the namespace, for a server that misbehaves. Root only."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with space.entered():
        server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen()
    return server


def requests(server: Program) -> list[str]:
    """Return nginx's answers so far, oldest first: "GET /path 200 SENT RANGE"."""
    return [line for line in server.said.splitlines() if line.startswith(("GET ", "HEAD "))]
