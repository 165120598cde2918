import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parsers.api import Host, Volume
from petipy.scan import files, walk
from petipy.scan.files import TreeFiles
from tests.trees import lay

SDA1, SDB1 = Volume(name="sda1"), Volume(name="sdb1")
TWO = Host(machine="ppc64le", volumes=(SDA1, SDB1))


@pytest.fixture(params=[walk.resolve, walk.walk])
def tree(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TreeFiles]:
    (tmp_path / "outside").write_text("secret")
    root = tmp_path / "root"
    (root / "boot/grub").mkdir(parents=True)
    (root / "boot/grub/grub.cfg").write_bytes(b"set a=\xff\n")
    (root / "boot/vmlinuz").write_bytes(bytes(5))
    (root / "etc").mkdir()
    opened = TreeFiles(root, SDA1, resolve=request.param)
    yield opened
    opened.close()


def link(tree: TreeFiles, path: str, target: str) -> None:
    os.symlink(target, path.lstrip("/"), dir_fd=tree._roots[0])


def test_text_keeps_every_byte(tree: TreeFiles) -> None:
    text = tree.read("/boot/grub/grub.cfg")
    assert text is not None
    assert text.encode("utf-8", "surrogateescape") == b"set a=\xff\n"


def test_a_piece_of_a_file_is_what_is_there_of_it(tree: TreeFiles) -> None:
    assert tree.piece("/boot/grub/grub.cfg", 4, 2) == b"a="
    assert tree.piece("/boot/grub/grub.cfg", 6, 1 << 40) == b"\xff\n"
    nothing = [("/boot/grub/grub.cfg", 99), ("/boot", 0), ("/none", 0)]
    assert [tree.piece(path, offset, 9) for path, offset in nothing] == [b"", b"", b""]


def test_what_is_not_a_regular_file_is_no_file(tree: TreeFiles, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "root/fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "root/socket"))
    server.close()
    link(tree, "/loop", "loop")
    link(tree, "/dangling", "nothing")
    for path in ("/boot", "/fifo", "/socket", "/loop", "/dangling", "/boot/vmlinuz/", "/none"):
        assert tree.read(path) is None, path
        assert tree.size(path) == 0
    for path in ("a\0b", "\ud800", "x" * 5000, "/" + "y" * 300, "/boot/vmlinuz/deeper"):
        assert tree.read(path) is None
        assert tree.kind(path) is None


@pytest.mark.parametrize(
    "target",
    ["../outside", "/../outside", "../../outside", "/boot/../../outside", "/proc/self/cwd"],
)
def test_a_link_or_a_path_never_leads_out(tree: TreeFiles, target: str) -> None:
    link(tree, "/out", target)
    assert tree.read("/out") is None
    assert tree.read(target) is None


def test_an_absolute_link_starts_at_the_trees_own_root(tree: TreeFiles) -> None:
    link(tree, "/etc/menu", "/boot/grub/../grub/grub.cfg")
    link(tree, "/b", "boot")
    link(tree, "/up", "etc/../b/../../../b/vmlinuz")
    assert tree.read("/etc/menu") == tree.read("boot/grub/grub.cfg")
    assert tree.size("/b/vmlinuz") == tree.size("/up") == 5
    assert tree.kind("/b") == tree.kind("/b/") == tree.kind("/") == tree.kind("") == "directory"
    assert tree.kind("/up") == "file"


def test_names_are_sorted_and_keep_their_bytes(tree: TreeFiles, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"root/etc/\xfe")).touch()
    (tmp_path / "root/etc/a").touch()
    assert tree.names("/etc") == ["a", "\udcfe"]
    assert tree.kind("/etc/\udcfe") == "file"
    assert tree.names("/none") == tree.names("/boot/vmlinuz") == []


@pytest.mark.parametrize("size", [files.LONGEST, files.LONGEST + 1, 100_000_000])
def test_of_a_configuration_of_100_mb_the_beginning_is_read(
    tree: TreeFiles, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "root/big"
    path.touch()
    os.truncate(path, size)
    assert tree.read("/big") == "\0" * files.LONGEST


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_so(tree: TreeFiles, tmp_path: Path) -> None:
    (tmp_path / "root/boot/vmlinuz").chmod(0)
    with pytest.raises(PermissionError, match="/boot/vmlinuz: Permission denied"):
        tree.read("/boot/vmlinuz")


def opener(roots: dict[str, Path], asked: list[str]) -> Callable[[str], list[int] | None]:
    def opened(name: str) -> list[int] | None:
        asked.append(name)
        return [os.open(roots[name], os.O_RDONLY)] if name in roots else None

    return opened


def test_other_volumes_are_opened_once_and_know_the_way_back(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/file").write_text("there")
    asked: list[str] = []
    volumes = (SDA1, SDB1, Volume(name="sdc1"))
    host = Host(machine="ppc64le", volumes=volumes, compatible=("qemu,pseries",))
    tree = TreeFiles(tmp_path / "a", SDA1, host, opener({"sdb1": tmp_path / "b"}, asked))
    other = tree.host.on("sdb1")
    assert other is not None
    assert (other.read("/file"), other.volume, other.host.machine) == ("there", SDB1, "ppc64le")
    assert other.host.compatible == ("qemu,pseries",)
    assert other is tree.host.on("sdb1")
    assert other.host.on("sda1") is tree is tree.host.on("sda1")
    assert tree.host.on("sdc1") is tree.host.on("sdc1") is None
    assert tree.host.on("not a volume") is None
    assert asked == ["sdb1", "sdc1"]
    tree.close()


def test_a_fallback_of_a_tree_fills_its_gaps(tmp_path: Path) -> None:
    lay(tmp_path, {"top/boot/a": "top", "below/boot/a": "below", "below/boot/b": "b"})
    below = os.open(tmp_path / "below", os.O_RDONLY)
    (tmp_path / "below/link").symlink_to("/boot/b")
    tree = TreeFiles(tmp_path / "top", SDA1, fallbacks=[below])
    assert [tree.read(path) for path in ("/boot/a", "/boot/b", "/link")] == ["top", "b", "b"]
    assert (tree.names("/"), tree.names("/boot")) == (["boot", "link"], ["a", "b"])
    assert (tree.kind("/boot/b"), tree.size("/boot/b"), tree.read("/boot/c")) == ("file", 1, None)
    tree.close()


def test_a_mounted_subvolume_has_its_files_under_the_whole_file_systems_names_too(
    tmp_path: Path,
) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/vmlinuz").write_text("kernel")
    tree = TreeFiles(tmp_path, SDA1, part="/@")
    for path in ("/boot/vmlinuz", "/@/boot/vmlinuz"):
        assert (tree.kind(path), tree.read(path)) == ("file", "kernel")
    assert tree.names("/@") == tree.names("/") == ["boot"]
    assert tree.names("/@/boot/") == ["vmlinuz"]
    assert tree.kind("/@other/boot/vmlinuz") is None
    tree.close()


def test_a_file_on_a_volume_is_a_volume_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "iso").mkdir()
    (tmp_path / "iso/file").write_text("within")
    asked: list[str] = []
    name = "sdb1:/isos/a b.iso"
    tree = TreeFiles(tmp_path, SDA1, TWO, opener({name: tmp_path / "iso"}, asked))
    inner = tree.host.on(name)
    assert inner is not None
    assert (inner.read("/file"), inner.volume.image) == ("within", "/isos/a b.iso")
    assert (inner.volume.disk, inner.host.on("sda1")) == ("sdb1", tree)
    assert tree.host.on("sdc1:/isos/a b.iso") is None
    assert asked == [name]
    tree.close()


def test_nothing_stays_open(tree: TreeFiles) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    link(tree, "/etc/menu", "/boot/grub/../grub/grub.cfg")
    for path in ("/etc/menu", "/none", "/boot", "/etc/../etc/menu"):
        tree.read(path), tree.names(path), tree.kind(path), tree.size(path)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_what_a_link_says_is_told_even_where_it_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").symlink_to("boot/vmlinuz-6.1")
    (tmp_path / "file").write_text("")
    tree = TreeFiles(tmp_path, SDA1)
    assert tree.link("/vmlinuz") == "boot/vmlinuz-6.1"
    assert [tree.link(path) for path in ("/file", "/none", "/")] == ["", "", ""]
    tree.close()


def test_a_text_that_was_not_read_to_its_end_is_a_fault(tmp_path: Path) -> None:
    for name, more in ("whole", 0), ("cut", 1):
        (tmp_path / name).write_bytes(bytes(files.LONGEST + more))
    tree = TreeFiles(tmp_path, SDA1)
    assert [len(tree.read(path) or "") for path in ("/whole", "/none")] == [files.LONGEST, 0]
    assert tree.fault == ""
    assert len(tree.read("/cut") or "") == files.LONGEST
    assert tree.fault == "/cut has more than 2 MiB"
    tree.close()


def test_what_cannot_be_looked_at_is_told_once_for_each_reason(tmp_path: Path) -> None:
    damaged = {b"/boot/grub": errno.EIO, b"/boot/a": errno.EIO, b"/x": errno.EACCES}

    def resolve(root: int, path: bytes, flags: int) -> int:
        if number := damaged.get(path):
            raise OSError(number, os.strerror(number))
        return walk.resolve(root, path, flags)

    other = tmp_path / "other"
    other.mkdir()
    tree = TreeFiles(tmp_path, SDA1, TWO, opener({"sdb1": other}, []), resolve)
    assert (tree.names("/boot/grub"), tree.kind("/boot/a"), tree.piece("/x", 0, 1)) == (
        [],
        None,
        b"",
    )
    assert (tree.names("/none"), tree.kind("/none"), tree.size("/boot/a")) == ([], None, 0)
    there = tree.host.on("sdb1")
    assert there is not None
    assert there.modified("/x") == 0
    assert tree.fault == "/boot/grub cannot be looked at: Input/output error"
    with pytest.raises(OSError, match="Permission denied"):
        there.read("/x")
    assert tree.fault == "/x: Permission denied"
    assert [(problem.config, problem.message) for problem in tree.unread()] == [
        ("/boot/grub", "cannot be looked at, nor can another path: Input/output error"),
        ("/x", "cannot be looked at: Permission denied"),
        ("(sdb1)/x", "cannot be looked at: Permission denied"),
    ]
    tree.close()


def test_a_directory_is_listed_once(tree: TreeFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[object] = []
    scandir = os.scandir

    def count(fd: int) -> object:
        listed.append(fd)
        return scandir(fd)

    monkeypatch.setattr(os, "scandir", count)
    names = tree.names("/boot")
    names.append("the caller's own")
    assert [tree.names("/boot"), tree.names("/none"), tree.names("/none")] == [
        ["grub", "vmlinuz"],
        [],
        [],
    ]
    assert len(listed) == 1


def test_a_directory_with_too_many_names_is_cut_and_the_cut_is_told(
    tree: TreeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_NAMES", 1)
    assert len(tree.names("/boot")) == 1
    assert tree.names("/etc") == []
    assert len(tree.names("/")) == 1
    assert [(p.config, p.message) for p in tree.unread()] == [
        ("/boot", "only 1 of its names are looked at; another path, too")
    ]


def test_names_are_kept_within_a_limit(tree: TreeFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_KEPT_NAMES", 2)
    assert [tree.names(path) for path in ("/boot", "/", "/etc", "/")] == [
        ["grub", "vmlinuz"],
        ["boot", "etc"],
        [],
        ["boot", "etc"],
    ]
    assert len(tree._names) < 2
