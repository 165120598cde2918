"""Files come from directories that the kernel has mounted from NFS servers."""

import asyncio
import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from petipy.fetch import nfs
from petipy.fetch.fetcher import prepare
from petipy.state.network import Fetching
from petipy.sys import mount, names
from tests.fetch.server import QUICK, Outcome
from tests.fetch.server import fetch as fetch_by

DATA = bytes(range(256)) * 10_000


class Server:
    """A server that exports a directory of this machine."""

    def __init__(self, root: Path) -> None:
        self.root, self.mounts = root, list[str]()
        self.failure: OSError | None = None

    def open_nfs(self, address: str, directory: str) -> int:
        self.mounts.append(f"{address}:{directory}")
        if self.failure:
            raise self.failure
        return os.open(self.root / directory.lstrip("/"), os.O_RDONLY | os.O_DIRECTORY)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (tmp_path / "export/a b").mkdir(parents=True)
    (tmp_path / "export/file").write_bytes(DATA)
    (tmp_path / "export/a b/file").write_bytes(b"blank")
    os.mkfifo(tmp_path / "export/pipe")
    server = Server(tmp_path)
    monkeypatch.setattr(mount, "open_nfs", server.open_nfs)
    yield server
    for root in nfs._roots.values():
        if isinstance(root, int):
            os.close(root)
    nfs._roots.clear()


def fetch(url: str, *, offset: int = 0, size: int = 0, most: int = 1 << 30) -> Outcome:
    prepare([url], Fetching())
    return asyncio.run(fetch_by(url, None, QUICK, offset=offset, size=size, most=most))


def test_a_file_comes_from_the_directory_that_is_mounted(server: Server) -> None:
    got = fetch("nfs://192.0.2.1/export/file")
    assert (got.data == DATA, got.answers) == (True, ["2,560,000 bytes"])
    assert fetch("nfs://[2001:db8::1]/export/a%20b/file").data == b"blank"
    assert server.mounts == ["192.0.2.1:/export", "2001:db8::1:/export/a b"]


def test_a_directory_is_mounted_once_for_all_of_its_files(server: Server) -> None:
    urls = [f"nfs://192.0.2.1/export/{name}" for name in ("file", "other", "file")]
    assert len(nfs.prepare(urls)) == 1
    assert server.mounts == ["192.0.2.1:/export"]


def test_a_part_of_a_file_is_enough(server: Server) -> None:
    assert fetch("nfs://192.0.2.1/export/file", offset=1000, size=50).data == DATA[1000:1050]
    assert fetch("nfs://192.0.2.1/export/file", offset=len(DATA), size=50).data == b""


def test_a_file_that_is_too_large_is_refused_before_it_comes(server: Server) -> None:
    assert "too large" in fetch("nfs://192.0.2.1/export/file", most=100).fetched.error


@pytest.mark.parametrize(
    ("path", "words", "kind"),
    [
        ("/export/other", "there is no such file", "absent"),
        ("/other/file", "there is no such file", "absent"),
        ("/export/pipe", "not a file", "refused"),
        ("/export/", "not a file", "refused"),
        ("/export/a%00b", "no server has a file of such a name", "refused"),
    ],
)
def test_what_is_no_file_is_told(server: Server, path: str, words: str, kind: str) -> None:
    got = fetch(f"nfs://192.0.2.1{path}")
    assert (got.answers, got.fetched.kind) == ([words], kind)


def test_a_file_that_grows_byte_by_byte_is_given_up(server: Server) -> None:
    url = "nfs://192.0.2.1/export/file"
    prepare([url], Fetching())
    limits = replace(QUICK, pauses=(), slow=0.05, rate=1 << 60)
    with (server.root / "export/file").open("ab", buffering=0) as file:

        async def grow() -> None:
            while True:
                file.write(b".")
                await asyncio.sleep(0)

        async def main() -> Outcome:
            growing = asyncio.create_task(grow())
            try:
                return await fetch_by(url, None, limits)
            finally:
                growing.cancel()

        got = asyncio.run(main())
    assert got.fetched.error.startswith("too slow: ")
    assert got.fetched.kind == "silent"


@pytest.mark.parametrize(
    ("number", "words", "kind"),
    [
        (errno.EACCES, "access denied: is it exported, and readable by everybody?", "refused"),
        (errno.EPERM, "access denied: is it exported, and readable by everybody?", "refused"),
        (errno.ENODEV, "cannot be mounted", "refused"),
    ],
)
def test_a_mount_that_fails_is_told(server: Server, number: int, words: str, kind: str) -> None:
    server.failure = OSError(number, "cannot be mounted")
    got = fetch("nfs://192.0.2.1/export/file")
    assert (got.answers, got.fetched.kind) == ([words], kind)


@pytest.mark.parametrize(
    ("step", "number", "words", "kind"),
    [
        ("open", errno.EIO, "cannot be opened: Input/output error", "refused"),
        ("read", errno.EIO, "cannot be read: Input/output error", "refused"),
        ("read", errno.ETIMEDOUT, "192.0.2.1: cannot be read: Connection timed out", "silent"),
    ],
)
def test_the_step_that_fails_is_told(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    words: str,
    kind: str,
) -> None:
    def fail(*_: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number))

    url = "nfs://192.0.2.1/export/file"
    prepare([url], Fetching())
    monkeypatch.setattr(nfs, "_open" if step == "open" else "_copy", fail)
    got = asyncio.run(fetch_by(url, None, QUICK))
    assert (got.answers[0], got.fetched.kind) == (words, kind)


def test_the_next_address_of_a_server_is_tried_if_the_first_is_silent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(_host: str, _within: float) -> list[str]:
        return ["2001:db8::1", "192.0.2.1"]

    monkeypatch.setattr(names, "look_up", look_up)
    server.failure = OSError(errno.ETIMEDOUT, "timed out")
    got = fetch("nfs://server/export/file")
    assert (len(got.answers), got.fetched.kind) == (1, "silent")
    assert server.mounts == ["2001:db8::1:/export", "192.0.2.1:/export"]


@pytest.mark.parametrize("url", ["nfs:///export/file", "nfs://192.0.2.1:99/a", "nfs://x.invalid/a"])
def test_a_server_that_cannot_be_asked_is_told(server: Server, url: str) -> None:
    got = fetch(url)
    assert got.fetched.error
    assert server.mounts == []


def test_options_say_that_a_dead_server_costs_seconds() -> None:
    options = mount.list_nfs_options("192.0.2.1")
    assert [words[0] for words in options] == ["vers=4.1", "vers=4.0", "vers=3"]
    assert all({"softerr", "timeo=30", "retrans=1"} <= set(words) for words in options)


@pytest.mark.parametrize(("address", "name"), [("192.0.2.1", "tcp"), ("2001:db8::1", "tcp6")])
def test_options_name_the_protocol_of_the_address(address: str, name: str) -> None:
    options = mount.list_nfs_options(address)
    assert all({f"addr={address}", f"proto={name}"} <= set(words) for words in options)
    assert {"nolock", f"mountproto={name}"} <= set(options[-1])


def test_a_server_that_is_silent_to_a_mount_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def fail(_driver: str, _node: str, options: tuple[str, ...]) -> int:
        tries.append(options[0])
        raise OSError(errno.EIO, "cannot be mounted")  # what the kernel says of it

    monkeypatch.setattr(mount, "_mount", fail)
    with pytest.raises(TimeoutError, match="no answer of its NFS server"):
        mount.open_nfs("192.0.2.1", "/export")
    assert tries == ["vers=4.1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts")
@pytest.mark.skipif("nfs" in Path("/proc/filesystems").read_text(), reason="this kernel has NFS")
def test_a_kernel_without_nfs_is_told() -> None:
    with pytest.raises(OSError, match="this kernel cannot read nfs file systems"):
        mount.open_nfs("127.0.0.1", "/export")


def test_names_are_looked_up_by_a_confined_child() -> None:
    assert asyncio.run(names.look_up("192.0.2.1", 1)) == ["192.0.2.1"]
    assert set(asyncio.run(names.look_up("localhost", 5))) <= {"127.0.0.1", "::1"}
    with pytest.raises(OSError, match="known"):
        asyncio.run(names.look_up("x.invalid", 5))
