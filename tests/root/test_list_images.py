"""`petipy list` on disk images and block devices: needs root and a kernel with loop devices."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from petipy.commands import capture, check, explain
from petipy.commands.list import COMMAND as main
from petipy.sys import block
from tests.root.disks import until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

UUID = "01234567-89ab-cdef-0123-456789abcdef"
MB = 1 << 20


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Two partitions: the first refers to a kernel on the second, by UUID."""
    boot, root = tmp_path / "boot", tmp_path / "root"
    for directory in (boot, root):
        directory.mkdir()
    (boot / "yaboot.conf").write_text(f'timeout=20\nimage="UUID={UUID}:/vmlinux"\npartition=2\n')
    (root / "vmlinux").write_text("kernel")
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(64 * MB)
    table = "label: gpt\n1: start=2048,size=16M\n2: start=40960,size=16M\n"
    subprocess.run(["sfdisk", "-q", path], input=table.encode(), check=True)
    for directory, start, more in ((boot, MB, ()), (root, 20 * MB, ("-U", UUID))):
        options = ("-q", "-d", directory, "-E", f"offset={start}", *more)
        subprocess.run(["mkfs.ext4", *options, path, "16M"], check=True, capture_output=True)
    return path


@pytest.fixture
def node(image: Path) -> Iterator[str]:
    path, descriptor = block.attach(str(image))
    yield path
    os.close(descriptor)


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


def test_an_images_partitions_are_devices_and_its_bytes_stay(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashlib.sha256(image.read_bytes()).hexdigest()
    status, answer = show(capsys, str(image))
    assert hashlib.sha256(image.read_bytes()).hexdigest() == before
    (entry,) = answer["entries"]
    assert status == 0
    assert not answer["problems"]
    assert (entry["device"], entry["config"]) == ("disk1", "/yaboot.conf")
    assert entry["kernel"] == {"device": "disk2", "path": "/vmlinux"}
    assert (entry["missing"], entry["waits_for"]) == ([], None)
    assert (answer["default"], answer["timeout"]) == (entry["id"], 2)


def test_an_image_is_checked_and_explained_like_a_directory(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.COMMAND([str(image)]) == 0
    assert capsys.readouterr().out == "no findings, 1 entry\n"
    assert explain.COMMAND(["default", str(image)]) == 0
    out = capsys.readouterr().out
    assert "  kernel      (disk2)/vmlinux\n      by image in line 2\n" in out


def test_a_block_device_is_looked_at_like_an_image(
    node: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = show(capsys, "--device", f"sda={node}")
    assert status == 0
    assert [e["kernel"]["device"] for e in answer["entries"]] == ["sda2"]


def test_loop_devices_are_gone_afterwards(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(capsys, str(image))
    until(lambda: not attached(image))  # the kernel unmounts behind our backs


def attached(image: Path) -> list[str]:
    nodes = Path("/sys/block").glob("loop*/loop/backing_file")
    return [text for text in (node.read_text() for node in nodes) if str(image) in text]


def test_a_corrupt_partition_costs_only_itself(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with image.open("r+b") as file:
        file.seek(20 * MB + 4096)
        file.write(b"\xff" * (15 * MB))
    status, answer = show(capsys, str(image))
    assert status == 0
    assert [e["device"] for e in answer["entries"]] == ["disk1"]
    assert [p["device"] for p in answer["problems"]] == ["disk2"]


def test_names_for_a_disk_with_partitions_fit_none_of_them(image: Path) -> None:
    assert main(["--device", f"a={image},uuid=1"]) == 2


def test_another_user_is_told_what_to_do(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chown(image, 65534, 65534)
    for directory in image.parents[:3]:
        directory.chmod(0o755)
    os.seteuid(65534)
    try:
        status, answer = show(capsys, str(image))
    finally:
        os.seteuid(0)
    assert status == 1
    messages = [problem["message"] for problem in answer["problems"]]
    assert all("only root can mount" in message for message in messages)
    assert len(messages) == 2


def test_an_image_is_captured_and_replayed(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capture.COMMAND([str(image)]) == 0
    value = capsys.readouterr().out
    first, second = json.loads(value)["devices"]
    assert set(first["files"]) == {"/yaboot.conf"}
    assert (second["uuid"], second["sizes"]["/vmlinux"]) == (UUID, 6)
    (tmp_path / "machine.json").write_text(value)
    assert main(["--json", str(image)]) == 0
    of_image = capsys.readouterr().out
    assert main(["--json", "--machine", str(tmp_path / "machine.json")]) == 0
    assert capsys.readouterr().out == of_image


def test_an_image_in_a_directory_is_captured_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside, place = tmp_path / "inside", tmp_path / "place"
    inside.mkdir()
    place.mkdir()
    (inside / "yaboot.conf").write_text("timeout=20\nimage=/vmlinux\n")
    (inside / "vmlinux").write_text("kernel")
    with (place / "live.iso").open("wb") as file:
        file.truncate(8 * MB)
    subprocess.run(["mkfs.ext4", "-q", "-d", inside, place / "live.iso"], check=True)
    assert main(["--json", str(place)]) == 0
    of_directory = json.loads(capsys.readouterr().out)
    assert capture.COMMAND([str(place)]) == 0
    (tmp_path / "machine.json").write_text(capsys.readouterr().out)
    assert main(["--json", "--machine", str(tmp_path / "machine.json")]) == 0
    replayed = json.loads(capsys.readouterr().out)
    (entry,) = of_directory["entries"]
    assert entry["device"] == "place:/live.iso"
    assert replayed["entries"] == [entry]
