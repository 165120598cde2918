"""The menu in plain lines, as a printer or a screen reader wants them."""

import re
from pathlib import Path

import pytest

from tests.e2e import menu
from tests.e2e.conftest import Image, Install
from tests.e2e.console import Console
from tests.e2e.debian import Installation
from tests.e2e.target import wait_for_target
from tests.e2e.vm import Machine, start

pytestmark = pytest.mark.e2e
END = r"Enter\s+list\s+again\r?\n"
COMMANDS = rf"^NUMBER boot, (?s:.*?){END}"


def ask(console: Console, line: str, wanted: str) -> str:
    """Type a line; return what is printed from then on up to the end of `wanted`."""
    console.forget()
    console.type(f"{line}\r")
    return console.expect(rf"(?s:.*?){wanted}", within=menu.START)[0].replace("\r", "")


def read_on(console: Console, line: str, wanted: str) -> str:
    """Type a line; return all pages of what is printed, up to the end of `wanted`."""
    pages = [ask(console, line, rf"(More: .* >|{wanted})")]
    while pages[-1].endswith(">"):
        pages.append(ask(console, "", rf"(More: .* >|{wanted})"))
    return "".join(pages)


def test_a_menu_in_lines_shows_entries_and_log_and_boots_by_a_number(
    image: Image, debian: Installation, install: Install, tmp_path: Path
) -> None:
    """The kernel has messages meanwhile, and shows them by itself again when it jumps."""
    blank = tmp_path / "blank.img"
    blank.write_bytes(bytes(1 << 20))
    machine = Machine(drives=[("virtio", install(debian))], usb=True)
    append = "loglevel=7 petipy.ui=line petipy.timeout=never"
    with start(image.machine(machine, append), tmp_path) as guest:
        console = guest.console
        console.expect("vda2: 3 entries", within=menu.START)
        console.expect(menu.INVITATION, within=menu.SOON)
        for _ in range(6):
            console.type("\r")  # Petipy takes a key of the first moment for noise
            if console.comes(r"^NUMBER boot", within=menu.SOON / 6):
                break
        console.shows(r"^NUMBER boot", within=menu.SOON)
        console.quiet(3)
        said = ask(console, "", COMMANDS)
        assert re.search(r"(?m)^vda2: \d+ MB ext4, label root$", said)
        assert re.findall(r"(?m)^ +\d.*", said) == [
            "  1 * Debian GNU/Linux",
            "  2   Advanced options for Debian GNU/Linux ->",
        ]
        said = read_on(console, "info 1", END)
        assert f"Command line: {debian.command_line()}"[:60] in said
        ask(console, "q", COMMANDS)
        assert "There is no number 7" in ask(console, "7", r"number 7\r?\n")

        said = read_on(console, "log", END)
        assert re.search(r"(?m)^ +\d+\.\d\d found vda2: .*label root$", said)
        ask(console, "q", COMMANDS)

        console.type("2")  # an unfinished line stays
        guest.monitor.plug(blank, "usb-storage", id="stick", bus="usb.0")
        console.expect(r"^kernel: usb \d-\d: new .*\r?\n", within=menu.SOON)
        console.expect(r"^kernel: sd .*Attached SCSI.*\r?\n(?s:.*)^> 2$", within=menu.SOON)
        assert "recovery mode" in ask(console, "", COMMANDS)
        console.type("2\r")
        console.expect("Starting new kernel", within=menu.START)
        assert wait_for_target(console)["cmdline"] == f"[{debian.command_line(recovery=True)}]"
        lines = (tmp_path / "hvc0.log").read_bytes()
        lines = lines[lines.index(b"Petipy ") : lines.index(b"Starting new kernel")]
        assert b"\x1b" not in lines
