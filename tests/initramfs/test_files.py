"""Read and write cpio archives, ELF files, lists and packages."""

import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from initramfs import cpio, lists
from initramfs.elf import Elf, modinfo
from initramfs.fast.modules import SIGNATURE, strip, strip_signature
from initramfs.fast.unwinding import clear_unwinding
from initramfs.tree import DIRECTORY, Node, Tree, file, link, normal, read_directory


def small_tree() -> Tree:
    tree = Tree()
    tree.add("usr/bin/tool", file(b"\x7f\0binary", executable=True))
    tree.add("usr/bin/name", link("tool"))
    tree.add("dev/console", Node(stat.S_IFCHR | 0o600, device=(5, 1)))
    tree.add("empty", file(b""))
    tree.add("tmp", DIRECTORY)
    return tree


def test_an_archive_is_read_back_as_it_was_written() -> None:
    tree = small_tree()

    assert dict(cpio.read(cpio.write(tree, 7))) == dict(tree)


def test_a_directory_comes_before_what_is_in_it_whatever_the_names() -> None:
    tree = Tree()
    tree.add("a/b", file(b""))
    tree.add("a-b", file(b""))  # "-" sorts before "/"

    assert [name for name, _ in cpio.read(cpio.write(tree, 0))] == ["a", "a/b", "a-b"]


def test_the_order_of_adding_does_not_show_in_the_bytes() -> None:
    tree = small_tree()
    other = Tree(reversed(tree.items()))

    assert cpio.write(tree, 1) == cpio.write(other, 1)


def test_whoever_unpacks_an_archive_can_skip_what_is_none() -> None:
    with pytest.raises(ValueError, match="no record at byte 0"):
        list(cpio.read(b"not an archive, but long enough to be the head of a record" * 3))


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio here")
def test_the_systems_own_cpio_reads_it() -> None:
    archive = cpio.write(small_tree(), 86400)

    listed = subprocess.run(["cpio", "-t"], input=archive, capture_output=True, check=True)

    names = listed.stdout.decode().split()
    assert names[:5] == ["dev", "dev/console", "empty", "tmp", "usr"]
    assert names[5:] == ["usr/bin", "usr/bin/name", "usr/bin/tool"]


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    (tmp_path / "script").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "script").chmod(0o700)
    (tmp_path / "text").write_bytes(b"")
    (tmp_path / "text").chmod(0o600)

    tree = read_directory(tmp_path)

    assert tree["script"].mode == stat.S_IFREG | 0o755
    assert tree["text"].mode == stat.S_IFREG | 0o644


@pytest.mark.parametrize(
    ("path", "merged"),
    [
        ("./bin/sh", "usr/bin/sh"),
        ("/lib64/ld64.so.2", "usr/lib64/ld64.so.2"),
        ("usr/lib/x/../y", "usr/lib/y"),
        ("boot/vmlinux", "boot/vmlinux"),
        ("lib", "lib"),
    ],
)
def test_packages_paths_lie_in_the_merged_usr(path: str, merged: str) -> None:
    assert normal(path) == merged


def test_a_link_in_the_middle_of_a_path_is_followed() -> None:
    tree = Tree()
    tree.add("usr/lib/real.so.1", file(b"library"))
    tree.add("usr/lib/lib.so", link("real.so.1"))
    tree.add("opt", link("usr"))

    assert tree.resolve("opt/lib/lib.so") == "usr/lib/real.so.1"


def test_links_that_lead_in_a_circle_are_an_error() -> None:
    tree = Tree()
    tree.add("a", link("b"))
    tree.add("b", link("a"))

    with pytest.raises(OSError, match="too many links"):
        tree.resolve("a")


def test_this_pythons_libraries_are_those_that_the_loader_names() -> None:
    program = Path(sys.executable).resolve()
    try:
        needed = Elf.parse(program.read_bytes()).list_needed()
    except ValueError:
        pytest.skip("not a 64-bit ELF system")

    assert any(name.startswith("libc.") for name in needed)
    assert needed[-1].startswith("/lib")  # the interpreter


def test_what_is_no_elf_file_is_told() -> None:
    with pytest.raises(ValueError, match="not a 64-bit ELF"):
        Elf.parse(b"#!/bin/sh\n")


def elf(sections: dict[str, bytes]) -> bytes:
    """Return a relocatable file with these sections."""
    names, contents, headers = b"\0", bytearray(64), [bytes(64)]
    for name, content in {**sections, ".shstrtab": b""}.items():
        offset = len(names)
        names += name.encode() + b"\0"
        data = content or names
        headers.append(
            struct.pack("<IIQQQQIIQQ", offset, 1, 0, 0, len(contents), len(data), 0, 0, 1, 0)
        )
        contents += data
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack(
        "<HHIQQQIHHHHHH",
        1,
        21,
        1,
        0,
        0,
        len(contents),
        0,
        64,
        0,
        0,
        64,
        len(headers),
        len(headers) - 1,
    )
    contents[:64] = head
    return bytes(contents) + b"".join(headers)


MODINFO = b"name=disk\0depends=core,bus-lib\0softdep=pre: crc32c post: extra\0firmware=a.bin\0"


def test_a_modules_own_description_is_read() -> None:
    module = elf({".text": b"code", ".modinfo": MODINFO})

    assert modinfo(module)["depends"] == ["core,bus-lib"]
    assert modinfo(module)["firmware"] == ["a.bin"]


def test_a_stripped_module_lacks_type_information_and_nothing_else() -> None:
    module = elf({".text": b"code", ".BTF": b"T" * 5000, ".modinfo": MODINFO})

    small = Elf.parse(strip(module))

    assert len(small.data) < len(module) - 4900
    assert small.section(".BTF") == b""
    assert small.section(".text") == b"code"
    assert small.section(".modinfo") == MODINFO
    assert len(small.sections) == len(
        Elf.parse(module).sections
    )  # relocations name sections by number


def test_only_the_tables_for_unwinding_are_cleared() -> None:
    program = elf({".text": b"code", ".eh_frame": b"F" * 64, ".eh_frame_hdr": b"H" * 16})

    made = Elf.parse(clear_unwinding(program))

    assert made.section(".eh_frame") + made.section(".eh_frame_hdr") == bytes(80)
    assert made.data == program.replace(b"F" * 64, bytes(64)).replace(b"H" * 16, bytes(16))


def test_the_signature_of_a_module_is_cut_off() -> None:
    module, signature = elf({".text": b"code"}), b"S" * 300
    tail = bytes(8) + struct.pack(">I", len(signature))

    assert strip_signature(module + signature + tail + SIGNATURE) == module
    assert strip_signature(module) == module


def test_a_list_has_sections_for_all_and_for_some_architectures() -> None:
    found = lists.parse("# drivers\n[disks]\nsd_mod ahci # both\n[disks: ppc64el amd64]\nipr\n")

    assert [(name.name, sorted(name.machines)) for name in found["disks"]] == [
        ("sd_mod", []),
        ("ahci", []),
        ("ipr", ["amd64", "ppc64el"]),
    ]


def test_a_heading_that_is_none_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 2 is no heading: \\[disks"):
        lists.parse("[base]\n[disks\n")
