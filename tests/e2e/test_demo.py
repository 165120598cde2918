"""Run initramfs/demo up to the Debian installer."""

from pathlib import Path

import pytest

from initramfs.host import REPOSITORY
from tests.e2e import menu
from tests.e2e.vm import attached

pytestmark = pytest.mark.e2e


def test_choosing_install_brings_up_the_debian_installer(tmp_path: Path) -> None:
    with attached([REPOSITORY / "initramfs" / "demo"], tmp_path) as guest:
        console = guest.console
        console.expect(r"Petipy \d", within=1200)  # the first time it builds everything
        menu.enter(console, r"old|Linux|demo")
        menu.move_to(console, "Install")
        console.press("enter")
        console.shows(r"Select a language", within=600)
        console.type("\x01x")
        guest.ends(within=60)
