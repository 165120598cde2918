"""A server room for guests: a network with one cable, and the trees that real installers serve.

The texts have the shape of what the servers write, in our own words: a Debian mirror, MAAS,
grub-mknetdir. Each starts the system of tests/e2e/target.py, whose report has the command line.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import run
from tests.bench.floor import GRUB, packages
from tests.e2e.target import System
from tests.e2e.vm import Nic
from tests.network.namespace import Namespace, Program, namespace
from tests.network.packages import has_candidate, unpack
from tests.network.servers import HTTP_ROOT, TFTP_ROOT, put, start_dnsmasq, start_nginx
from tests.trees import Content, lay

SERVER, SERVER6 = "192.0.2.1", "2001:db8::1"
MAC = "52:54:00:00:00:01"
RANGE = "dhcp-range=192.0.2.50,192.0.2.60,10m"
QUIET = "console=hvc0 quiet"


@dataclass
class Site:
    """The network of the servers; `tap` is the other end of their cable, for a guest's card."""

    server: Namespace
    tap: int

    @property
    def tftp(self) -> Path:
        return self.server.room / TFTP_ROOT

    @property
    def http(self) -> Path:
        return self.server.room / HTTP_ROOT

    def nic(self, model: str = "virtio-net-pci", mac: str = MAC) -> Nic:
        return Nic(descriptor=self.tap, model=model, mac=mac)

    def dnsmasq(self, *options: str, addresses: str = RANGE) -> Program:
        """Start dnsmasq with a range of addresses and TFTP."""
        self.tftp.mkdir(exist_ok=True)
        tftp = ("enable-tftp", f"tftp-root={self.tftp}")
        return start_dnsmasq(self.server, addresses, *tftp, *options)

    def serve(self, files: Mapping[str, bytes | str | Path]) -> Program:
        """Serve a tree for pxelinux by nginx, with dnsmasq, whose option 210 leads there."""
        put(self.http / "debian", files)
        self.dnsmasq("dhcp-boot=pxelinux.0", f"dhcp-option-force=210,http://{SERVER}/debian/")
        return self.nginx()

    def nginx(self, servers: str = "server { listen 80; }") -> Program:
        return start_nginx(self.server, servers)


@contextmanager
def site(room: Path) -> Iterator[Site]:
    """Make a server's network with lan0, 192.0.2.1/24 and 2001:db8::1/64."""
    with ExitStack() as stack:
        server = stack.enter_context(namespace(room / "server"))
        tap = server.tap("lan0")
        server.address("lan0", f"{SERVER}/24", f"{SERVER6}/64")
        yield Site(server, tap)


def kernel_and_initrd(system: System) -> dict[str, bytes | str | Path]:
    return {"vmlinux": system.kernel, "initrd.gz": system.initrd}


PXELINUX = """\
DEFAULT install
PROMPT 0
TIMEOUT 1

LABEL install
	MENU LABEL Install
	KERNEL vmlinux
	INITRD initrd.gz
	APPEND @CMDLINE@
"""


def pxelinux(system: System, cmdline: str, name: str = "default") -> dict[str, bytes | str | Path]:
    """Return a tree for pxelinux: its configuration, a kernel, and an initrd beside it."""
    text = PXELINUX.replace("@CMDLINE@", cmdline)
    return {f"pxelinux.cfg/{name}": text, **kernel_and_initrd(system)}


MAAS_FIRST = """\
# Look for the machine's own configuration.
configfile /grub/grub.cfg-${net_default_mac}
configfile /grub/grub.cfg-default-${grub_cpu}
"""
MAAS_DEPLOY = """\
set default="0"
set timeout=0

menuentry 'Ephemeral' {
    echo   'Booting under MAAS direction...'
    linux  (http,@SERVER@:5248)/images/boot-kernel @CMDLINE@ cc:\\{\\'a\\': [\\'b\\']\\}end_cc \
BOOTIF=01-${net_default_mac}
    initrd (http,@SERVER@:5248)/images/boot-initrd
}
"""
MAAS_LOCAL = """\
set default="0"
set timeout=0

menuentry 'Local' {
    echo 'Booting local disk...'
    search --set=root --file /boot/grub/grub.cfg
    configfile /boot/grub/grub.cfg
}
"""


def maas(text: str, cmdline: str = "") -> dict[str, bytes | str | Path]:
    """Return the TFTP tree of MAAS for a pseries machine, whose boot file is bootppc64.bin."""
    own = text.replace("@SERVER@", SERVER).replace("@CMDLINE@", cmdline)
    return {
        "bootppc64.bin": b"\x7fELF, to be ignored",
        "grub/grub.cfg": MAAS_FIRST,
        f"grub/grub.cfg-{MAC}": own,
        "grub/grub.cfg-default-powerpc": MAAS_DEPLOY.replace("@CMDLINE@", "wrong"),
    }


MKNETDIR = "boot/grub2"  # without a slash: so core.elf sources the other without one
CORE = "boot/grub2/powerpc-ieee1275/core.elf"
GRUB_CFG = """\
set timeout=1
if [ ${net_default_mac} == 52:54:00:99:99:99 ]; then
	menuentry "Another machine" {
		linux /target/vmlinux wrong
	}
fi
if [ ${net_default_mac} == @MAC@ ]; then
	menuentry "This machine" {
		linux /target/vmlinux @CMDLINE@
		initrd /target/initrd.gz
	}
fi
"""


def grub_netdir(root: Path, system: System, cmdline: str) -> None:
    """Lay a tree as grub-mknetdir does, with its core.elf, and a configuration of one's own."""
    found = packages("grub-ieee1275-bin")["grub-ieee1275-bin"]
    modules: dict[str, Content] = {
        path: node.data for path, node in found.items() if path.startswith(f"{GRUB}/")
    }
    place = lay(root.with_name("grub"), modules)
    command = ["grub-mknetdir", f"--net-directory={root}", f"--subdir={MKNETDIR}"]
    run([*command, "-d", place / GRUB])
    text = GRUB_CFG.replace("@MAC@", MAC).replace("@CMDLINE@", cmdline)
    files = {f"target/{name}": content for name, content in kernel_and_initrd(system).items()}
    put(root, {"boot/grub2/grub.cfg": text, **files})


def installer() -> dict[str, bytes | str | Path]:
    """Return kernel and initrd of the newest Debian installer that apt has."""
    for release in ("13", "12"):
        package = f"debian-installer-{release}-netboot-ppc64el"
        if has_candidate(package):
            break
    home = f"usr/lib/debian-installer/images/{release}/ppc64el/text/debian-installer/ppc64el"
    kernel = unpack(package, f"{home}/vmlinux")
    return {"vmlinux": kernel, "initrd.gz": kernel.with_name("initrd.gz")}
