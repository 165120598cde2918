"""Network namespaces without a name: one ends with its processes and leaves nothing behind."""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from initramfs.host import REPOSITORY

CLONE_NEWNET = 0x40000000
TUNSETIFF, TUNSETCARRIER = 0x400454CA, 0x400454E2
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
PATIENCE = 10.0  # seconds for whatever takes milliseconds on an idle machine


@dataclass
class Program:
    """A running program; its output goes into a file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, ready: Callable[[], object], what: str, within: float = PATIENCE) -> None:
        """Wait until `ready`; raise AssertionError if the program ends or the time is over."""
        end = time.monotonic() + within
        while not ready():
            if not self.running or time.monotonic() > end:
                why = "in time" if self.running else f"before it ended ({self.process.returncode})"
                raise AssertionError(f"{self.name}: no {what} {why}; it said:\n{self.said}")
            time.sleep(0.02)

    def says(self, text: str, within: float = PATIENCE) -> None:
        self.wait(lambda: text in self.said, repr(text), within)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP for a server that is silent."""
        self.process.send_signal(number)

    def stop(self) -> None:
        """End the program at once."""
        self.process.kill()
        self.process.wait(PATIENCE)


@dataclass
class Namespace:
    """A network of its own. Its first process holds it; the others enter it."""

    pid: int
    room: Path  # for logs and files of servers
    _stack: ExitStack = field(default_factory=ExitStack)
    _serial: int = 0

    def enter(self, argv: Sequence[str | Path]) -> list[str]:
        """Return a command that runs `argv` in this network, in the current directory.

        It ends with the test.
        """
        where = [f"--target={self.pid}", "--net", "--mount"]
        own = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        front = ["setpriv", "--pdeathsig", "KILL", "nsenter", *where, *own, "--wd=.", "--"]
        return [*front, *map(str, argv)]

    def run(self, *argv: str | Path, feed: bytes | None = None, within: float = 30) -> str:
        """Run a program to its end; return its output."""
        done = subprocess.run(
            self.enter(argv),
            cwd=REPOSITORY,
            input=feed,
            capture_output=True,
            timeout=within,
            check=False,
        )
        words = " ".join(map(str, argv))
        complaint = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{complaint}"
        return done.stdout.decode(errors="replace")

    def ip(self, words: str) -> str:
        """Run `ip` with these words: "link set eth0 up"."""
        return self.run("ip", *words.split())

    def start(self, *argv: str | Path, name: str = "", fds: Sequence[int] = ()) -> Program:
        """Start a program that runs until the end of the namespace."""
        self._serial += 1
        name = name or Path(argv[0]).name
        log = self.room / f"{name}-{self._serial}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.enter(argv),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=fds,
                start_new_session=True,
            )
        self._stack.callback(_end, process)
        return Program(name, process, log)

    def tap(self, name: str) -> int:
        """Make a tap; return its descriptor: a frame for each read and write."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # Whoever opens it decides the namespace: a child there opens it and hands it over.
            words = f"open_tap({name!r}, {theirs.fileno()})"
            opener = f"from tests.network.namespace import open_tap; {words}"
            done = subprocess.run(
                self.enter([sys.executable, "-c", opener]),
                cwd=REPOSITORY,
                pass_fds=[theirs.fileno()],
                capture_output=True,
                timeout=30,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
        self._stack.callback(os.close, descriptor)
        self.ip(f"link set {name} up")
        return descriptor

    def address(self, name: str, *addresses: str) -> None:
        """Give the interface addresses ("192.0.2.1/24"), usable at once."""
        for address in addresses:
            self.ip(f"address add {address} dev {name}" + (" nodad" if ":" in address else ""))

    def mac(self, name: str) -> str:
        return self.run("cat", f"/sys/class/net/{name}/address").strip()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread here: what it opens and forks belongs to this network.

        Root only. Threads that it starts begin here as well.
        """
        with open("/proc/thread-self/ns/net") as before, open(f"/proc/{self.pid}/ns/net") as here:
            _enter(here.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


def open_tap(name: str, line: int) -> None:
    """Open a tap in this network, and send its descriptor over the socket `line`."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI)
    fcntl.ioctl(descriptor, TUNSETIFF, request)
    with socket.socket(fileno=line) as channel:
        socket.send_fds(channel, [b"x"], [descriptor])


def set_carrier(tap: int, present: bool) -> None:
    """Plug in or pull out the cable of a tap."""
    fcntl.ioctl(tap, TUNSETCARRIER, struct.pack("i", present))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


@contextmanager
def namespace(room: Path) -> Iterator[Namespace]:
    """Make a network with a loopback interface. It has its own /run and /etc; its /sys shows it.

    /sys is read-only: systemd-networkd waits for no udevd then. /etc begins as the host's.
    """
    room.mkdir(parents=True, exist_ok=True)
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = "mount -t sysfs -o ro sysfs /sys && mount -t tmpfs tmpfs /run && ip link set lo up"
    # Programs of a test write /etc/resolv.conf.
    layers = "lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work"
    script = f"{script} && mkdir -p /run/etc/upper /run/etc/work"
    script = f"{script} && mount -t overlay -o {layers} overlay /etc"
    script = f"{script} && echo ready && exec sleep 7200"
    holder = subprocess.Popen(
        [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            *rights,
            "--net",
            "--mount",
            "sh",
            "-c",
            script,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with ExitStack() as stack:
        stack.callback(holder.communicate)
        stack.callback(holder.kill)
        assert holder.stdout
        assert holder.stderr
        answer = holder.stdout.readline()
        if answer != b"ready\n":
            raise AssertionError(f"no network namespace: {holder.stderr.read().decode()}")
        yield Namespace(holder.pid, room, stack.enter_context(ExitStack()))


def join(one: Namespace, name: str, other: Namespace, other_name: str, mac: str = "") -> None:
    """Lay a cable between two namespaces; the first one's end is up, the other's is not.

    `mac` is the address of the other end.
    """
    # Temporary names: the peer's may exist in this namespace.
    one.ip(f"link add {name} type veth peer name peer netns {other.pid}")
    other.ip(f"link set peer name {other_name}" + (f" address {mac}" if mac else ""))
    one.ip(f"link set {name} up")


def bridge(space: Namespace, name: str, *ports: str) -> None:
    """Make a bridge of the interfaces, without spanning tree."""
    space.ip(f"link add {name} type bridge forward_delay 0")
    for port in ports:
        space.ip(f"link set {port} master {name}")
        space.ip(f"link set {port} up")
    space.ip(f"link set {name} up")
