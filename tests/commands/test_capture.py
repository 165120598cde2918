"""A machine's configuration in one file: all that a scan looks at, and no secrets."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parsers.api import Files, Volume
from parsers.formats.grub import FORMAT
from petipy.commands import capture, explain
from petipy.commands import list as listing
from petipy.commands.targets import SETTABLE
from petipy.machinefile.read import parse
from petipy.machinefile.recorder import record
from petipy.sandbox.captures import CAPTURES, Contents
from petipy.scan.files import TreeFiles
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests import efi
from tests.fakes import Machine
from tests.trees import lay

GOLDEN = Path(__file__).parents[1] / "parsers/golden"
HASH = "grub.pbkdf2.sha512.10000." + "AB" * 64 + "." + "CD" * 64

Out = pytest.CaptureFixture[str]


def captured(out: Out, *arguments: object) -> dict[str, Any]:
    assert capture.COMMAND([*map(str, arguments)]) == 0
    value: dict[str, Any] = json.loads(out.readouterr().out)
    return value


def listed(out: Out, *arguments: object) -> dict[str, Any]:
    assert listing.COMMAND(["--json", *map(str, arguments)]) == 0
    value: dict[str, Any] = json.loads(out.readouterr().out)
    return value


def agrees(blanked: str, original: str) -> bool:
    """True if two outputs differ in nothing but the words that were blanked."""
    rows, others = blanked.splitlines(), original.splitlines()
    return len(rows) == len(others) and all(map(row_agrees, rows, others))


def row_agrees(blanked: str, original: str) -> bool:
    pattern = re.sub(r"(?:(?:blanked|x+)\d*)+", ".*", re.escape(blanked))
    both_point = blanked.strip() == original.strip() == "^"
    return blanked == original or both_point or re.fullmatch(pattern, original) is not None


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*/*/root")), ids=lambda c: c.parent.name)
def test_what_was_captured_is_listed_like_the_tree_itself(
    case: Path, tmp_path: Path, capsys: Out
) -> None:
    status = capture.COMMAND([str(case)])
    (tmp_path / "m.json").write_text(capsys.readouterr().out)
    assert listing.COMMAND([str(case)]) in (0, 1)
    of_tree = capsys.readouterr().out
    assert listing.COMMAND(["--machine", str(tmp_path / "m.json")]) in (0, 1)
    assert agrees(capsys.readouterr().out, of_tree)
    assert status in (0, 1)


def placed(case: Path, room: Path) -> list[str]:
    """A golden case's volumes as --device arguments, with the files that are only described."""
    described = case / "machine.json"
    about = json.loads(described.read_text()) if described.exists() else {}
    own = about.get("own", "sda2")
    trees = {own if path.name == "root" else path.name: path for path in directories(case)}
    if (described := case / "made.json").exists():
        trees[own] = room / "made"
        programs = json.loads(described.read_text())
        lay(room / "made", {path: efi.made(program) for path, program in programs.items()})
        if (case / "root").exists():
            shutil.copytree(case / "root", room / "made", dirs_exist_ok=True)
    said = {volume["name"]: volume for volume in about.get("volumes", [])}
    devices = []
    for name, tree in trees.items():
        facts = {k: v for k, v in said.get(name, {}).items() if k in SETTABLE and v}
        words = "".join(f",{key}={value}" for key, value in facts.items())
        devices.append(f"--device={name}={tree}{words}")
    return [*devices, "--machine", about.get("machine", "ppc64le")]


def directories(case: Path) -> list[Path]:
    return sorted(path for path in case.iterdir() if path.is_dir())


CASES = sorted(
    path.parent for name in ("machine.json", "made.json") for path in GOLDEN.glob(f"*/*/{name}")
)


@pytest.mark.parametrize("case", dict.fromkeys(CASES), ids=lambda c: f"{c.parent.name}/{c.name}")
def test_a_machine_of_several_volumes_and_programs_comes_back_whole(
    case: Path, tmp_path: Path, capsys: Out
) -> None:
    arguments = placed(case, tmp_path)
    capture.COMMAND(arguments)
    (tmp_path / "m.json").write_text(capsys.readouterr().out)
    outputs = []
    for words in (arguments, ["--machine", str(tmp_path / "m.json")]):
        listing.COMMAND(["--json", "--show-foreign", *words])
        listing.COMMAND(words)
        explain.COMMAND(["default", "--json", *words])
        outputs.append(capsys.readouterr().out)
    assert agrees(outputs[1], outputs[0])
    assert '"entries"' in outputs[0]


def test_devices_that_refer_to_each_other_are_captured_together(
    tmp_path: Path, capsys: Out
) -> None:
    files = {
        "a/boot/grub/grub.cfg": "search --set=root --label b\nconfigfile /more.cfg\n",
        "b/more.cfg": "menuentry B { linux /vmlinuz }\n",
        "b/vmlinuz": "\x7fELF secret kernel\0",
    }
    lay(tmp_path, files)
    devices = [f"--device=sda1={tmp_path}/a,uuid=1", f"--device=sda2={tmp_path}/b,label=b"]
    value = captured(capsys, "--machine", "ppc64le", *devices)
    text = json.dumps(value)
    first, second = value["devices"]
    assert "secret kernel" not in text
    assert (second["sizes"], set(second["files"])) == ({"/vmlinuz": 19}, {"/more.cfg"})
    assert (value["root"], value["config"]) == ("sda1", "/boot/grub/grub.cfg")
    assert (value["prefix"], value["platform"]) == ("(sda1)/boot/grub", "powerpc-ieee1275")
    assert (first["uuid"], second["label"]) == ("1", "b")
    (tmp_path / "m.json").write_text(text)
    assert listed(capsys, "--machine", tmp_path / "m.json") == listed(
        capsys, "--machine", "ppc64le", *devices
    )


def test_a_link_to_where_another_volume_is_mounted_comes_back(tmp_path: Path, capsys: Out) -> None:
    files = {
        "root/etc/lilo.conf": "image=/vmlinuz\nlabel=Linux\n",
        "root/etc/fstab": "/dev/sda2 / ext4 defaults 0 1\n/dev/sda1 /boot ext4 defaults 0 2\n",
        "boot/vmlinuz-6.1": "",
    }
    lay(tmp_path, files)
    (tmp_path / "root/vmlinuz").symlink_to("boot/vmlinuz-6.1")
    devices = [f"--device=sda2={tmp_path}/root", f"--device=sda1={tmp_path}/boot"]
    value = captured(capsys, *devices)
    assert value["devices"][0]["links"] == {"/vmlinuz": "boot/vmlinuz-6.1"}
    (tmp_path / "m.json").write_text(json.dumps(value))
    replayed = listed(capsys, "--machine", tmp_path / "m.json")
    (entry,) = replayed["entries"]
    assert (entry["kernel"], entry["missing"]) == (
        {"device": "sda1", "path": "/vmlinuz-6.1"},
        [],
    )
    assert replayed == listed(capsys, *devices)


def test_files_that_are_compared_by_their_times_keep_them(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "grub").mkdir()
    (tmp_path / "grub/grub.cfg").write_text(
        "if [ /new -nt /old ]; then\n menuentry Newer { linux /new }\nfi\n"
    )
    for name, time in (("old", 1000), ("new", 2000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    (tmp_path / "m.json").write_text(json.dumps(captured(capsys, tmp_path)))
    (entry,) = listed(capsys, "--machine", tmp_path / "m.json")["entries"]
    assert entry["title"] == "Newer"


def test_files_that_another_setting_would_have_read_are_captured(
    tmp_path: Path, capsys: Out
) -> None:
    (tmp_path / "grub").mkdir()
    for name in ("grub.cfg", "custom.cfg", "grubenv", "unicode.pf2"):
        (tmp_path / "grub" / name).write_text(f"# {name}\n")
    (device,) = captured(capsys, tmp_path)["devices"]
    assert set(device["files"]) == {"/grub/grub.cfg", "/grub/custom.cfg", "/grub/grubenv"}
    assert "/grub/unicode.pf2" in device["sizes"]


def test_texts_of_any_bytes_and_of_any_beginning_come_back(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/yaboot.conf").write_bytes(b"@odd\nimage=/v\nlabel=\xe9\xff\n")
    (tmp_path / "v").touch()
    of_tree = listed(capsys, tmp_path)
    (tmp_path / "m.json").write_text(json.dumps(captured(capsys, tmp_path)))
    replayed = listed(capsys, "--machine", tmp_path / "m.json")
    assert replayed["entries"] == of_tree["entries"]
    assert agrees(json.dumps(replayed), json.dumps(of_tree))


def test_a_configuration_that_a_crash_filled_with_null_bytes_is_captured(
    tmp_path: Path, capsys: Out
) -> None:
    text = "menuentry a {\n linux /v secret=sesame\n}\n" + "\0" * 4000 + "\nset key=sesame\n"
    tree = lay(tmp_path / "disk", {"/boot/grub/grub.cfg": text, "/v": "\0\1\2\3MZ"})
    assert capture.COMMAND([str(tree)]) == 0
    out = capsys.readouterr().out
    assert "sesame" not in out
    (tmp_path / "m.json").write_text(out)
    assert listing.COMMAND(["--machine", str(tmp_path / "m.json")]) == 0
    assert "/boot/grub/grub.cfg:1 (grub" in capsys.readouterr().out


def test_nothing_to_capture_is_status_1_and_nonsense_2(tmp_path: Path, capsys: Out) -> None:
    assert capture.COMMAND([str(tmp_path)]) == 1
    assert capture.COMMAND([str(tmp_path / "none")]) == 2
    assert "petipy capture: " in capsys.readouterr().err


def test_a_password_that_comes_by_a_variable_is_blanked_where_that_is_set(
    tmp_path: Path, capsys: Out
) -> None:
    (tmp_path / "grub").mkdir()
    (tmp_path / "grub/grub.cfg").write_text(
        "source $prefix/custom.cfg\nset superusers=me\npassword me ${pw}\n"
    )
    (tmp_path / "grub/custom.cfg").write_text("set x=y\nset pw='open sesame'\npw=sesame; true\n")

    (device,) = captured(capsys, tmp_path)["devices"]

    assert device["files"]["/grub/custom.cfg"] == "set x=y\nset pw='blanked'\npw=blanked; true\n"
    assert "set superusers=me\n" in device["files"]["/grub/grub.cfg"]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("smbios -t 1 -s 4 --set v\n", True),
        ("LABEL a\n  SYSAPPEND 0x10\n", True),
        ("ipappend 4\n", True),
        ("kernel /v serial=${serial}\n", True),
        ("chain ${base}/${uuid:hexhyp}.ipxe\n", True),
        ("serial --unit=0\nlinux /v product=1 ${serialised}\n", False),
        ("APPEND sysappend=1\n", False),
    ],
)
def test_serial_numbers_are_captured_only_where_an_entry_depends_on_them(
    text: str, asks: bool
) -> None:
    assert capture.needs_smbios(text) == asks


def test_of_udevs_links_those_are_captured_that_a_configuration_names() -> None:
    links = "disk/by-id/ata-SERIAL-part1 disk/by-path/ccw-0.0.0200-part1"
    fstab = "/dev/disk/by-path/ccw-0.0.0200-part1 /boot ext4 defaults 0 2\n"
    assert capture.select_links(links, ["", fstab]) == "disk/by-path/ccw-0.0.0200-part1"


def scanning(look: Callable[[Files, object], object]) -> Callable[[Files, object], Scan]:
    """A scan that only looks."""

    def scan(files: Files, formats: object) -> Scan:
        look(files, formats)
        return Scan()

    return scan


def test_pieces_of_what_is_no_text_come_back(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes((bytes(range(128, 256)) + bytes(16) + b"\n") * 2000)
    (tmp_path / "c").write_bytes(b"\x00\x01 quiet secret=sesame ")
    files = TreeFiles(str(tmp_path), Volume(name="a"))

    def look(files: Files, _: object) -> list[bytes]:
        wanted = (("/k", 0, 100), ("/k", 50, 300), ("/k", 0, 64000), ("/c", 2, 100), ("/no", 0, 9))
        return [files.piece(*what) for what in wanted]

    value = {"devices": [{"name": "a", **record(files, (), scanning(look))["a"]}]}
    replayed = look(parse(json.loads(json.dumps(value)), tmp_path).files("a"), ())
    direct = look(files, ())
    assert replayed[:3] == direct[:3]
    assert replayed[3] == b" quiet secret=xxxxx1 "
    assert replayed[4] == b""


def test_the_bytes_of_kernels_are_not_captured(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"\x00secret kernel" * 100_000)
    files = TreeFiles(str(tmp_path), Volume(name="a"))
    look = scanning(lambda f, _: (f.piece("/k", 0, 1 << 20), f.read("/k")))
    device = record(files, (), look)["a"]
    assert (device["sizes"], device["files"]) == ({"/k": 1_400_000}, {})
    assert "c2VjcmV0" not in json.dumps(device)


def test_a_block_that_is_in_no_file_of_a_btrfs_is_captured_too() -> None:
    block = "# GRUB Environment Block\n{}\n".format
    tree: dict[str, str | bytes] = {
        "/boot/grub/grub.cfg": "load_env\nload_env -f $env_block\nmenuentry A { linux /k $kept }\n",
        "/boot/grub/grubenv": block("env_block=512+1"),
        "": bytes(512 * 512) + block("kept=yes").ljust(512, "#").encode(),
    }
    host = Machine({"sda1": tree}, [Volume(name="sda1", fs="btrfs", disk="sda")])
    files = host.files("sda1")
    seen = record(files, [FORMAT], scan_tree)
    contents = {name: Contents(**keys) for name, keys in seen.items()}
    assert CAPTURES.decode(CAPTURES.encode(contents)).keys() == {"sda1"}
    replayed = parse({"devices": [{"name": "sda1", "fs": "btrfs", **seen["sda1"]}]}, Path())
    scan = scan_tree(replayed.files("sda1"), [FORMAT])
    assert [entry.cmdline for _, entry in scan.entries] == ["BOOT_IMAGE=/k yes"]
    assert not scan.problems


def test_files_in_the_default_subvolume_of_a_btrfs_stay_apart_from_others() -> None:
    default = "/@/.snapshots/1/snapshot"
    menu = "menuentry A { linux /boot/k }\nmenuentry B { linux /boot/b }"
    tree: dict[str, str | bytes] = {
        f"{default}/boot/grub2/grub.cfg": f"set btrfs_relative_path=y\n{menu}",
        f"{default}/boot/k": "k",
        "/boot/k": "another's",
        "/boot/b": "another's",
    }
    volume = Volume(name="sda1", uuid="1-2", fs="btrfs", disk="sda")
    files = Machine({"sda1": tree}, [volume], default=default).files("sda1")
    seen = record(files, [FORMAT], scan_tree)
    contents = {name: Contents(**keys) for name, keys in seen.items()}
    decoded = CAPTURES.decode(CAPTURES.encode(contents))["sda1"]
    assert decoded.defaults == seen["sda1"]["defaults"]
    about = {"name": "sda1", "uuid": "1-2", "fs": "btrfs", **seen["sda1"]}
    replayed = parse({"devices": [about]}, Path()).files("sda1")
    direct, again = scan_tree(files, [FORMAT]), scan_tree(replayed, [FORMAT])
    assert [e.kernel.path for _, e in again.entries if e.kernel] == [
        f"{default}/boot/k",
        f"{default}/boot/b",
    ]
    assert (again.entries, again.missing) == (direct.entries, direct.missing)
