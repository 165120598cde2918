"""The sandbox over directories: all of it but mounting, which needs root (tests/root)."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from parsers.api import FileRef, Files, Format, Item, Problem
from petipy.sandbox.client import Scanner
from petipy.sandbox.listing import list_directory
from petipy.state.model import Change, File, Scan
from tests.sandbox.scanners import (
    PATIENCE,
    device,
    on_the_disk,
    one_entry,
    scan,
    scanner,
)


def test_entries_come_back_with_what_is_missing(root: Path) -> None:
    result = scan(one_entry, root)
    assert [entry.title for _, entry in result.entries] == ["ppc64le text of the menu"]
    assert result.missing == (FileRef(path="/vmlinux"),)


def test_the_real_formats_need_nothing_that_they_have_not_imported(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/yaboot.conf").write_text("image=/vmlinux\n\tlabel=linux\n\tappend=quiet\n")
    (tmp_path / "boot/grub").mkdir(parents=True)
    (tmp_path / "boot/grub/grub.cfg").write_text("menuentry 'Debian' {\n linux /vmlinux\n}\n")
    started = Scanner.start()
    result = asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))
    started.close()
    assert {entry.title for _, entry in result.entries} == {"linux", "Debian"}
    assert not result.problems


def test_after_a_jump_that_failed_the_scanner_takes_requests_again(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/yaboot.conf").write_text("image=/vmlinux\n\tlabel=linux\n")
    started = Scanner.start()

    def look() -> Scan:
        return asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))

    started.close()
    with pytest.raises(OSError, match="has been ended"):
        look()
    started.reopen()
    assert [entry.title for _, entry in look().entries] == ["linux"]
    started.close()


def test_a_scan_that_has_not_read_everything_says_so(tmp_path: Path) -> None:
    """The rest may have named superusers."""
    (tmp_path / "etc").mkdir()
    text = "image=/vmlinux\n\tlabel=linux\n#"
    cut = "/etc/yaboot.conf: longer than 262144 characters: the rest is not read"
    started = Scanner.start()
    for length, stopped in (256 << 10, ""), ((256 << 10) + 1, cut), ((2 << 20) + 1, cut):
        (tmp_path / "etc/yaboot.conf").write_text(text.ljust(length, "#"))
        result = asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))
        assert [entry.title for _, entry in result.entries] == ["linux"]
        assert result.stopped == stopped
    started.close()


def test_every_command_of_grubs_works_where_nothing_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text(
        "regexp --set 1:v '(.)x' ax\nsyslinux_source /s.cfg\nlegacy_source /m.lst\nblscfg\n"
        "insmod datehook\ndate\nls -lh /\nsmbios -t 1 -s 4\nmenuentry A { linux /k $v }\n"
    )
    (tmp_path / "s.cfg").write_text("LABEL x\nLINUX /k\n")
    (tmp_path / "m.lst").write_text("title O\nkernel /k\n")
    started = Scanner.start()
    result = asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))
    started.close()
    assert [entry.title for _, entry in result.entries] == ["x", "O", "A"]
    assert result.entries[-1][1].cmdline == "BOOT_IMAGE=/k a"
    assert not result.problems


def test_one_file_that_was_opened_is_all_that_counts(tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text("menuentry A { linux /k }\n")
    (tmp_path / "other").write_text("menuentry B { linux /k }\n")
    started = Scanner.start()
    scanning = started.scan(device(tmp_path), (), "ppc64le", PATIENCE, path="/other")
    result = asyncio.run(scanning)
    started.close()
    assert [entry.title for _, entry in result.entries] == ["B"]


def test_a_dialect_that_is_forced_reaches_the_scan(tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text("menuentry A { linux /k a\\x20b }\n")
    started = Scanner.start()
    found = {}
    for name in ("", "debian", "fedora"):
        scanning = started.scan(device(tmp_path), (), "ppc64le", PATIENCE, name)
        result = asyncio.run(scanning)
        found[name] = [
            (entry.cmdline, wish.dialect)
            for (_, entry), (_, wish) in zip(result.entries, result.preferences, strict=True)
        ]
    started.close()
    assert found[""] == found["debian"] == [("BOOT_IMAGE=/k ax20b", "debian")]
    assert found["fedora"] == [("BOOT_IMAGE=/k a\\x20b", "fedora")]


def test_a_format_that_cannot_be_imported_is_reported(root: Path) -> None:
    def broken() -> Sequence[Format]:
        raise ImportError("no module named pyparsing")

    started = Scanner.start(broken)
    with pytest.raises(OSError, match="the parsers cannot be loaded: ImportError: no module"):
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
    wanted = [File(device="sda1", path="/menu")]
    (menu,) = asyncio.run(started.open(wanted, [device(root)], PATIENCE))
    started.close()
    assert os.read(menu, 100) == b"text of the menu"
    os.close(menu)


def test_another_volume_is_opened_when_a_parser_asks(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "here").write_text("on the other")

    def looks(files: Files, path: str) -> Iterator[Item]:
        if on_the_disk(files):
            there, gone = files.host.on("sdb1"), files.host.on("sdc1")
            yield Problem(
                path, 1, f"{there and there.read('/here')}, {gone}, {files.host.on('sdc1')}"
            )

    with scanner(looks) as started:
        others = [device(other, "sdb1"), device(tmp_path / "gone", "sdc1")]
        result = asyncio.run(started.scan(device(root), others, "", PATIENCE))
    assert result.problems == (Problem("/menu", 1, "on the other, None, None"),)


def test_files_are_opened_in_order_and_a_missing_one_is_named(root: Path) -> None:
    (root / "initrd").write_text("initrd")
    wanted = [File(device="sda1", path=path) for path in ("/initrd", "/menu", "/initrd")]
    with scanner() as started:
        fds = asyncio.run(started.open(wanted, [device(root)], PATIENCE))
        assert [os.read(fd, 6) for fd in fds] == [b"initrd", b"text o", b"initrd"]
        for fd in fds:
            assert not os.get_inheritable(fd)
            os.close(fd)
        for bad, words in (
            (File(device="sda1", path="/none"), r"\(sda1\)/none: there is no such file"),
            (File(device="sdz1", path="/menu"), r"\(sdz1\)/menu: there is no such device"),
            (
                File(device="sda1", path="/menu", offset=1 << 60, size=1),
                "the request is not valid: .*offset: expected a whole number",
            ),
        ):
            with pytest.raises(OSError, match=words):
                asyncio.run(started.open([*wanted, bad], [device(root)], PATIENCE))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (File(device="sda1", path="/menu"), "a unknown file system cannot be written to in place"),
        (File(device="sdz1", path="/menu"), "there is no such device"),
        (File(device="sda1:/x.iso", path="/menu"), "nothing is written into an image"),
        (File(url="http://host/grubenv"), "nothing is written over the network"),
    ],
)
def test_what_is_no_block_device_is_not_written_to(file: File, why: str, root: Path) -> None:
    change = Change(file=file, values=(("a", "1"),))
    with scanner(one_entry) as started, pytest.raises(OSError, match=why):
        asyncio.run(started.write(change, [device(root)], PATIENCE))
    assert (root / "menu").read_text() == "text of the menu"


def test_the_names_in_a_directory_are_listed_by_a_confined_child(tmp_path: Path) -> None:
    (tmp_path / "boot/grub").mkdir(parents=True)
    (tmp_path / "boot/vmlinux").write_text("k")
    (tmp_path / "boot/link").symlink_to("vmlinux")
    (tmp_path / "boot/away").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "boot/pipe")
    devices = (device(tmp_path), device(tmp_path, "sdb1"))

    async def ask() -> None:
        with scanner() as started:

            async def names(path: str, name: str = "sda1") -> Sequence[str]:
                return await list_directory(started, name, path, devices)

            assert await names("/boot/") == ("grub/", "link", "vmlinux")
            assert await names("/") == ("boot/",)
            assert await names("/boot", "sdb1") == ("grub/", "link", "vmlinux")
            for path, name in (("/none", "sda1"), ("/boot/vmlinux", "sda1"), ("/", "sdz")):
                with pytest.raises(OSError, match="there is no"):
                    await names(path, name)

    asyncio.run(ask())
