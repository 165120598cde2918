"""Command a guest from outside: by its host over virtio-serial, by ssh."""

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from initramfs.host import default_cache, need, run
from tests.e2e import menu
from tests.e2e.conftest import Image, Install, build
from tests.e2e.control import ask, ctl
from tests.e2e.debian import Installation
from tests.e2e.target import wait_for_target
from tests.e2e.vm import Machine, Nic, attached, start

pytestmark = pytest.mark.e2e


def test_a_host_sees_what_a_guest_does_and_chooses_what_it_boots(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    place, second = tmp_path / "ctl", tmp_path / "second"
    machine = Machine(drives=[("virtio", install(debian))], control=place)
    with start(image.machine(machine, "petipy.timeout=300"), tmp_path) as guest:
        console = guest.console
        menu.greet(console)
        # A host that leaves half a line and one that floods come first.
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(place))
            line.sendall(b'{"version":1,"comm')
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(place))
            line.settimeout(5)
            try:
                for _ in range(100):
                    line.sendall(b"\xff\0{[" * 25_000)
            except TimeoutError:
                pass  # it is read no further
        console.expect(r"\d+ s until it boots", within=menu.START)
        (status,) = ask(place, "status")
        assert status["result"]["state"] == "countdown"
        *items, _ = ask(place, "entries")
        entries = [item["item"] for item in items]
        assert entries[0]["id"] == status["result"]["default"]
        other = next(entry for entry in entries if "recovery" in entry["title"])

        guest.monitor("chardev-add", id="more", backend=_listen(second))
        guest.monitor(
            "device_add",
            driver="virtserialport",
            bus="ports.0",
            id="port2",
            chardev="more",
            name="org.petipy.ctl.1",
        )
        assert ask(second, "status")[0]["result"]["state"] == "countdown"
        assert ctl(second, "boot", "nothing").returncode == 4
        guest.monitor("device_del", id="port2")

        assert ctl(place, "cancel").returncode == 0
        assert ask(place, "status")[0]["result"]["state"] == "stopped"
        console.expect("Countdown stopped", within=menu.SOON)
        done = ctl(place, "boot", "--wait", other["id"])
        assert (done.returncode, done.stdout) == (0, f"boots {other['id']}\n"), done.stderr
        assert wait_for_target(console)["cmdline"] == (f"[{debian.command_line(recovery=True)}]")


def _listen(place: Path) -> dict[str, Any]:
    address = {"type": "unix", "data": {"path": str(place)}}
    return {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}


@pytest.fixture(scope="session")
def key() -> Path:
    """Return the private key of a person; the public one is in the image."""
    need({"ssh": "openssh-client", "ssh-keygen": "openssh-client"})
    place = default_cache() / "ssh-key"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place])
    return place


@pytest.mark.slow
def test_ssh_leads_into_the_menu_and_nowhere_else(
    key: Path, debian: Installation, install: Install, tmp_path: Path
) -> None:
    place = build("ssh-image", "--ssh-keys", f"{key}.pub")
    image = Image(place / "vmlinux", place / "petipy.cpio.zst")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nic = Nic(user=f"hostfwd=tcp:127.0.0.1:{port}-:22")
    machine = Machine(drives=[("virtio", install(debian))], nics=[nic])
    ssh = ["ssh", "-i", str(key), "-p", str(port), "-o", f"UserKnownHostsFile={tmp_path}/known"]
    ssh += [
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
    ]
    with start(image.machine(machine, "petipy.timeout=300"), tmp_path) as guest:
        console = guest.console
        shown = console.expect(r"ssh petipy@10\.0\.2\.15 .* (SHA256:\S{43})", within=menu.START)[1]
        there = "petipy@127.0.0.1"
        refused = subprocess.run(
            [*ssh, "-T", there, "id"], capture_output=True, text=True, timeout=120, check=False
        )
        assert "uid=" not in refused.stdout
        assert refused.returncode
        known = run(["ssh-keygen", "-l", "-f", tmp_path / "known"]).decode()
        assert shown in known
        forwarding = subprocess.run(
            [*ssh, "-W", "127.0.0.1:22", there], capture_output=True, timeout=120, check=False
        )
        assert b"SSH-2.0" not in forwarding.stdout

        with attached([*ssh, "-tt", there], tmp_path) as visit:
            line = visit.console
            line.shows(menu.FOOTER, within=menu.SOON)
            console.expect("Countdown stopped", within=menu.SOON)
            assert "uid=0" in menu.shell(line, "id")
            line.type("N")
            line.shows(r"^ssh: +petipy@10\.0\.2\.15, host key", within=menu.SOON)
            line.press("esc")
            line.shows(menu.FOOTER, within=menu.SOON)
            line.type("\x04")  # Ctrl-D
            visit.until(line, lambda: not line.open, menu.SOON, "end of the connection")
        console.expect(r"\d+ s until it boots", within=menu.SOON)
        with attached([*ssh, "-tt", there], tmp_path) as visit:
            line = visit.console
            line.shows(menu.FOOTER, within=menu.SOON)
            line.press("enter")
            line.expect(r"Starting|Loading", within=menu.START)
            assert wait_for_target(console)["cmdline"] == f"[{debian.command_line()}]"
