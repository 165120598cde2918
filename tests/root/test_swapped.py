"""Another disk under the same name: neither read nor written as if it were the one before."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parsers.binary import envblock
from petipy.sandbox.client import Scanner
from petipy.state.model import Change, File
from petipy.sys import block
from tests.root import disks

GRUBENV = "/boot/grub/grubenv"


def test_a_disk_that_took_the_place_of_another_is_neither_read_nor_written(
    tmp_path: Path, tree: Path, scanner: Scanner
) -> None:
    (tree / "boot/grub").mkdir()
    (tree / "boot/grub/grubenv").write_text(envblock.EMPTY)
    first = disks.ext4(tmp_path / "first", tree)
    second = disks.ext4(tmp_path / "second", tree)
    kernel = File(device="sda1", path="/boot/vmlinux")
    change = Change(file=File(device="sda1", path=GRUBENV), values=(("a", "1"),))
    with disks.attached(first) as node:
        name = Path(node).name
        sequence = int(Path(f"/sys/block/{name}/diskseq").read_text())
        device = replace(disks.device(node, "ext4", "sda1"), sequence=sequence)
        requests: list[Callable[[], Coroutine[Any, Any, object]]] = [
            lambda: scanner.scan(device, (), "ppc64le", 20),
            lambda: scanner.open([kernel], [device], 20),
            lambda: scanner.write(change, [device], 20),
        ]
        assert asyncio.run(requests[0]())
        for descriptor in asyncio.run(scanner.open([kernel], [device], 20)):
            os.close(descriptor)
        disks.until(lambda: disks.is_free(node))
        block.unprotect(node)
        disks.run("losetup", "--detach", node)
        disks.until(lambda: not Path(f"/sys/block/{name}/loop").exists())
        disks.run("losetup", node, second)
        before = disks.digest(second)
        for request in requests:
            with pytest.raises(OSError, match="another disk or medium has taken its place"):
                asyncio.run(request())
        assert disks.digest(second) == before
