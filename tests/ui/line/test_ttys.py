import os
from pathlib import Path

import pytest

from petipy.ui.line import ttys
from tests.ui.emulator import Emulator, run

PROC = """\
hvc0                 -W- (EC p a)  229:0
ttyS0                -W- (E  p a)    4:64
netcon0              -W- (E     )
"""


def test_consoles_are_the_kernel_s_and_the_user_s_each_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        terminals = [Emulator() for _ in range(3)]
        for name, terminal in zip(("hvc0", "ttyS0", "hvc1"), terminals, strict=True):
            (tmp_path / name).symlink_to(terminal.path)
        (tmp_path / "consoles").write_text(PROC)
        proc, dev = str(tmp_path / "consoles"), str(tmp_path)
        extra = ("hvc1", "/dev/hvc0", "hvc7")
        found = ttys.find_consoles(extra, proc, dev)
        assert found == [f"{dev}/hvc0", f"{dev}/ttyS0", f"{dev}/hvc1"]
        for terminal in terminals:
            terminal.close()

    run(scenario())


def test_a_node_that_is_no_terminal_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "hvc0").write_text("")
    (tmp_path / "hvc1").symlink_to(os.devnull)
    assert ttys.find_consoles(("hvc0", "hvc1"), str(tmp_path / "none"), str(tmp_path)) == []


def test_the_virtual_terminal_is_a_console_before_its_screen_has_come(tmp_path: Path) -> None:
    (tmp_path / "consoles").write_text("tty0                 -WU (EC p  )    4:1\n")
    assert ttys.find_consoles((), str(tmp_path / "consoles"), str(tmp_path)) == [f"{tmp_path}/tty1"]


@pytest.mark.parametrize(
    ("driver", "bound", "screen"),
    [
        ("(S) dummy device", "1", False),
        ("(M) frame buffer device", "1", True),
        ("(S) VGA+", "0", False),
    ],
)
def test_a_virtual_terminal_counts_only_with_a_screen(
    driver: str, bound: str, screen: bool, tmp_path: Path
) -> None:
    console = tmp_path / "vtcon0"
    console.mkdir()
    (console / "name").write_text(f"{driver}\n")
    (console / "bind").write_text(f"{bound}\n")
    assert ttys.has_screen(str(tmp_path)) is screen


def test_tty0_means_the_first_virtual_terminal() -> None:
    assert [ttys.is_virtual(f"/dev/{name}") for name in ("tty1", "ttyS0", "hvc0", "pts/5")] == [
        True,
        False,
        False,
        False,
    ]
