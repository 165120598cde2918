"""Noise on a line must not take the machine away from its owner."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.debian import Installation
from tests.e2e.target import wait_for_target
from tests.e2e.vm import Machine, start

pytestmark = pytest.mark.e2e

SYSRQ = "\x0f"  # on hvc0; a letter follows


def test_noise_neither_stops_the_countdown_nor_resets_the_machine_nor_opens_a_shell(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """The second console is a loopback; the first gets what the kernel takes for SysRq."""
    disk = install(replace(debian, timeout=20))
    machine = Machine(drives=[("virtio", disk)], consoles=2, screen=True)
    append = "console=tty0 console=hvc0 petipy.consoles=hvc1"
    with start(image.machine(machine, append), tmp_path) as guest:
        console, loopback = guest.consoles
        loopback.echoes = True
        menu.enter(console, r"^> \* Debian GNU/Linux$")
        console.type(f"{SYSRQ}b{SYSRQ}k")
        said = menu.shell(console, "cat /proc/sys/kernel/sysrq; echo 1 >/proc/sys/kernel/sysrq")
        assert said.strip() == "0"
        # Now SAK ends everything that has the screen open, which is Petipy.
        for pause in (1, 2):
            console.type(f"{SYSRQ}k")
            ended = f"petipy ended with status 137; it starts again in {pause} s"
            console.expect(ended, within=menu.SOON)
            # The driver sends 16 bytes at a time, and the line's echo comes between them.
            loopback.expect("petipy end", within=menu.SOON)
            for line in console, loopback:
                menu.greet(line)
        console.expect(r"\d+ s until it boots", within=menu.START)
        assert wait_for_target(console)["cmdline"] == f"[{debian.command_line()}]"
        assert "hvc1: the line echoes" in (tmp_path / "hvc1.log").read_text()
