"""Run a pseries guest: start it, read its consoles, type at them, change its hardware."""

import selectors
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.e2e.console import Condition, Console
from tests.e2e.monitor import Monitor

Firmware = Literal["vof", "slof"]
Bus = Literal["virtio", "virtio-scsi", "vscsi", "nvme", "usb", "cd"]

# TCG does not have the mitigations that pseries asks for by default.
MACHINE = "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"
CONTROLLERS: dict[Bus, str] = {
    "virtio-scsi": "virtio-scsi-pci,id=virtio-scsi",
    "vscsi": "spapr-vscsi,id=vscsi,reg=0x2000",
    "usb": "qemu-xhci,id=usb",
    "cd": "spapr-vscsi,id=vscsi,reg=0x2000",
}
DRIVES: dict[Bus, str] = {
    "virtio": "virtio-blk-pci",
    "virtio-scsi": "scsi-hd,bus=virtio-scsi.0",
    "vscsi": "scsi-hd,bus=vscsi.0",
    "nvme": "nvme,serial=petipy",
    "usb": "usb-storage,bus=usb.0",
    "cd": "scsi-cd,bus=vscsi.0",
}
USB_NIC = "usb-net"


@dataclass(frozen=True, kw_only=True)
class Nic:
    """A network card. Its frames pass a descriptor, or QEMU's own servers answer it."""

    descriptor: int = -1  # a tap, or one end of a pair of datagram sockets
    tap: bool = True  # the descriptor is a tap
    user: str = ""  # options of `-netdev user` instead: "tftp=/srv,bootfile=/kernel"
    shut: bool = True  # those servers lead nowhere else; else 10.0.2.2 is the host
    model: str = "virtio-net-pci"
    mac: str = "52:54:00:00:00:01"

    def arguments(self, number: int) -> list[str]:
        shut = "on" if self.shut else "off"
        backend = f"user,id=n{number},restrict={shut},{self.user}"
        if not self.user:
            kind = "tap" if self.tap else "socket"
            backend = f"{kind},id=n{number},fd={self.descriptor}"
        rom = "" if self.model in ("spapr-vlan", USB_NIC) else ",romfile="
        device = f"{self.model},id=nic{number},netdev=n{number},mac={self.mac}{rom}"
        return ["-netdev", backend, "-device", device]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The hardware. QEMU loads `kernel` and `initrd`; without them the firmware boots a disk."""

    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    firmware: Firmware = "vof"
    memory: int = 1024  # MiB, a multiple of 256
    cpus: int = 1
    drives: Sequence[tuple[Bus, Path]] = ()
    nics: Sequence[Nic] = ()
    consoles: int = 1  # hvc0, hvc1 …
    screen: bool = False  # a card and a USB keyboard
    card: str = "VGA,romfile="  # QEMU's device
    usb: bool = False  # a USB controller, even without a device
    control: Path | None = None  # the host's end of a port for petipy ctl, a socket
    first: int = -1  # the drive that the host wants to boot first
    once: str = ""  # the kind that the host wants to boot first, as in `-boot once=`
    keeps: bool = False  # writes of the guest go into the images
    writes: Path | None = None  # QEMU logs those to the first drive into this file
    nvram: Path | None = None  # its file; else it ends with QEMU
    prom_env: Sequence[str] = ()  # settings that QEMU puts into an NVRAM without a file
    record: Path | None = None  # count instructions; QEMU writes a log of events to this file
    hasty: bool = False  # the guest's clock jumps ahead while the guest has nothing to do

    def arguments(self) -> list[str]:
        machine = MACHINE + (",x-vof=on" if self.firmware == "vof" else "")
        # A nanosecond per instruction: the guest's clock does not depend on the host.
        counted = " -icount shift=0,sleep=off"
        counted += f",rr=record,rrfile={self.record}" if self.record else ""
        single = self.record or self.hasty
        accelerator = f"tcg,thread=single{counted}" if single else "tcg,thread=multi"
        run = f"-M {machine} -cpu power10 -accel {accelerator} -smp {self.cpus}"
        run += f" -m {self.memory}M -nodefaults -display none -no-reboot"
        values = {"-kernel": self.kernel, "-initrd": self.initrd, "-append": self.append}
        arguments = run.split()
        for option, value in values.items():
            arguments += [option, str(value)] if value else []
        for device in self._devices():
            arguments += ["-device", device]
        for number, (bus, image) in enumerate(self.drives):
            locked = "" if self.keeps else ",snapshot=on"
            locked = ",readonly=on" if bus == "cd" else locked
            drive = f"format=raw,file={image}{locked}"
            if self.writes and not number:
                drive = f"driver=blklogwrites,file.driver=file,file.filename={image}"
                drive += f",log.driver=file,log.filename={self.writes}"
            arguments += ["-drive", f"if=none,id=d{number},{drive}"]
            ordered = self.kernel is None or number == self.first
            order = f",bootindex={number}" if ordered else ""
            arguments += ["-device", f"{DRIVES[bus]},drive=d{number}{order}"]
        arguments += ["-boot", f"once={self.once}"] if self.once else []
        if self.nvram:
            arguments += ["-drive", f"if=pflash,format=raw,file={self.nvram}"]
        for setting in self.prom_env:
            arguments += ["-prom-env", setting]
        if self.control:
            arguments += ["-device", "virtio-serial-pci,id=ports"]
            arguments += ["-chardev", f"socket,id=ctl,path={self.control},server=on,wait=off"]
            port = "virtserialport,bus=ports.0,chardev=ctl,name=org.petipy.ctl.0"
            arguments += ["-device", port]
        for number, nic in enumerate(self.nics):
            arguments += nic.arguments(number)
        return arguments

    def _devices(self) -> list[str]:
        buses = [bus for bus, _ in self.drives]
        has_usb = self.screen or self.usb or any(nic.model == USB_NIC for nic in self.nics)
        buses += ["usb"] if has_usb else []
        devices = list(dict.fromkeys(CONTROLLERS[bus] for bus in buses if bus in CONTROLLERS))
        return devices + ([self.card, "usb-kbd,bus=usb.0"] if self.screen else [])


class Guest:
    """A running machine. To wait for one console reads them all."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.started = time.monotonic()
        self.consoles: list[Console] = []
        self._process, self._errors = process, errors
        self._selector = selectors.DefaultSelector()
        self._monitor_line: socket.socket | None = None
        self._monitor: Monitor | None = None

    @property
    def console(self) -> Console:
        return self.consoles[0]

    @property
    def monitor(self) -> Monitor:
        if self._monitor is None:
            assert self._monitor_line
            self._monitor = Monitor(self._monitor_line)
        return self._monitor

    @property
    def age(self) -> float:
        """Return the seconds since the start of QEMU."""
        return time.monotonic() - self.started

    def connect(self, consoles: Sequence[Console], monitor: socket.socket | None = None) -> None:
        self.consoles, self._monitor_line = list(consoles), monitor
        for console in consoles:
            self._selector.register(console.line, selectors.EVENT_READ, console)

    def close(self) -> None:
        self._selector.close()
        if self._monitor:
            self._monitor.close()

    def until(self, console: Console, done: Condition, within: float, what: str) -> None:
        """Read all consoles until `done`; raise AssertionError after `within` seconds.

        Without `what`, return after that time. A kernel panic or the like is an error at once.
        """
        end = time.monotonic() + within
        while not done():
            left = end - time.monotonic()
            if left <= 0 and not what:
                return
            if left <= 0 or console.disaster() or not console.open:
                raise AssertionError(
                    f"no {what} on {console.name} {self._why(console)} ({self.age:.0f} s after the"
                    f" start); it ends {console.tail()}\nscreen:\n" + "\n".join(console.rows)
                )
            self._read(left)

    def _read(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            console: Console = key.data
            with suppress(ConnectionResetError):
                if data := console.line.recv(65536):
                    console.feed(data)
                    continue
            console.open = False
            self._selector.unregister(key.fileobj)

    def _why(self, console: Console) -> str:
        if console.disaster():
            return "and there never will be"
        if console.open:
            return "in time"
        code = self._process.wait(10)
        return f"before its end ({code}, {self._errors.read_text().strip() or 'silently'})"

    def ends(self, within: float) -> None:
        """Wait until the machine has switched itself off."""
        console = self.console
        self.until(console, lambda: not console.open, within, "power-off")
        assert self._process.wait(10) == 0, self._errors.read_text()


@contextmanager
def start(machine: Machine, log: Path) -> Iterator[Guest]:
    """Run the machine; write the output of its consoles to `log`/hvc0.log and so on."""
    # The kernel ends QEMU when the test ends, even if that is killed.
    run = ["setpriv", "--pdeathsig", "KILL", "qemu-system-ppc64", *machine.arguments()]
    with ExitStack() as stack:
        errors = log / "qemu.log"
        lines, theirs = [], []
        for name in [*(f"hvc{n}" for n in range(machine.consoles)), "monitor"]:
            ours, other = (stack.enter_context(end) for end in socket.socketpair())
            lines.append(ours)
            theirs.append(other)
            run += ["-chardev", f"socket,id={name},fd={other.fileno()}"]
            run += ["-mon", "monitor,mode=control"] if name == "monitor" else []
            run += ["-device", f"spapr-vty,chardev={name}"] if name != "monitor" else []
        process = subprocess.Popen(
            run,
            stdin=subprocess.DEVNULL,
            stdout=stack.enter_context(errors.open("wb")),
            stderr=subprocess.STDOUT,
            pass_fds=[
                *(end.fileno() for end in theirs),
                *(nic.descriptor for nic in machine.nics if nic.descriptor >= 0),
            ],
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        for end in theirs:
            end.close()
        guest = Guest(process, errors)
        stack.callback(guest.close)
        consoles = []
        for number, line in enumerate(lines[:-1]):
            file = stack.enter_context((log / f"hvc{number}.log").open("wb"))
            consoles.append(Console(f"hvc{number}", line, file, guest))
        guest.connect(consoles, lines[-1])
        yield guest


@contextmanager
def attached(command: Sequence[str | Path], log: Path) -> Iterator[Guest]:
    """Run a command that starts a guest with its console on standard input and output."""
    with ExitStack() as stack:
        errors = log / "errors.log"
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=stack.enter_context(errors.open("wb")),
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        theirs.close()
        guest = Guest(process, errors)
        stack.callback(guest.close)
        file = stack.enter_context((log / "console.log").open("wb"))
        guest.connect([Console("the console", ours, file, guest)])
        yield guest
