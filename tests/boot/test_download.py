"""Files from servers in a boot: beside those of disks, and never more than memory holds."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from petipy.boot import steps
from petipy.boot.download import Report, download
from petipy.boot.opener import Opener
from petipy.boot.plan import BootError, Plan, plan
from petipy.kexec import Refused
from petipy.kexec.room import Room
from petipy.log import Log
from petipy.state.boots import Progress
from petipy.state.model import Device, File
from petipy.state.network import Wanted
from petipy.sys import sealed
from petipy.sys.forked import in_child
from tests.boot.test_steps import Machine
from tests.samples import choice, entry

SITE = "http://192.0.2.1"


class Server:
    """Files by URL. `sizes` are those that it tells; without one it tells none."""

    def __init__(self, files: Mapping[str, bytes], sizes: Mapping[str, int] | None = None) -> None:
        self.files = files
        self.sizes = {url: len(data) for url, data in files.items()} if sizes is None else sizes
        self.wanted: list[Wanted] = []
        self.sent = 0

    async def fetch(self, wanted: Sequence[Wanted], report: Report) -> list[int]:
        self.wanted += wanted
        found: list[int] = []
        for number, thing in enumerate(wanted):
            if thing.url not in self.files:
                for fd in found:
                    os.close(fd)
                raise OSError(errno.EIO, f"{thing.url}: 404 Not Found")
            report(number, 0, thing.size or self.sizes.get(thing.url), "")
        for number, thing in enumerate(wanted):
            end = thing.offset + thing.size if thing.size else None
            data = self.files[thing.url][thing.offset : end]
            found.append(sealed.make("fetched"))
            os.write(found[-1], data)
            os.lseek(found[-1], 0, os.SEEK_SET)
            sealed.seal(found[-1])
            self.sent += len(data)
            report(number, len(data), thing.size or self.sizes.get(thing.url), "")
        return found


def load(todo: Plan, tree: Path, server: Server, show: Callable[..., None] = lambda _: None) -> str:
    async def open_files(
        files: Sequence[File], devices: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        return [os.open(f"{tree}/{file.device}{file.path}", os.O_RDONLY) for file in files]

    log = Log(files=())
    opener = Opener(open_files, lambda: (), server.fetch)
    asyncio.run(steps.load(todo, Machine(), opener, in_child, log, show))
    return log.lines[-1].text


def remote(name: str, **more: int | str) -> File:
    return File(url=f"{SITE}/{name}", **more)  # type: ignore[arg-type]


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_files_of_servers_and_of_disks_are_in_one_boot(tree: Path) -> None:
    server = Server({f"{SITE}/k": b"KERNEL", f"{SITE}/i": b"from afar"})
    initrds = File(device="vda2", path="/initrd"), remote("i")
    todo = plan(choice("a", kernel=remote("k"), initrds=initrds, entry=entry("a")), None)
    before, shown = count_descriptors(), list[Progress | None]()
    loaded = load(todo, tree, server, shown.append)
    assert loaded == f"loaded {SITE}/k by one from afar "
    assert [thing.url for thing in server.wanted] == [f"{SITE}/k", f"{SITE}/i"]
    assert Progress(what=f"{SITE}/i", done=15, total=15) in shown
    assert shown[-1] is None
    assert count_descriptors() == before


def test_a_part_of_a_file_is_all_that_is_fetched_of_it(tree: Path) -> None:
    server = Server({f"{SITE}/u.efi": b"MZ..KERNEL..one..tree"})
    kernel, first = remote("u.efi", offset=4, size=6), remote("u.efi", offset=12, size=3)
    todo = plan(choice("a", kernel=kernel, initrds=(first, first)), None)
    assert load(todo, tree, server) == f"loaded {SITE}/u.efi by one one "
    assert [(thing.offset, thing.size) for thing in server.wanted] == [(4, 6), (12, 3)]
    assert all(thing.boots for thing in server.wanted)  # so that no checksum is left unread


def test_a_part_that_the_server_does_not_have_is_told(tree: Path) -> None:
    server = Server({f"{SITE}/k": b"KERN"})
    before = count_descriptors()
    with pytest.raises(BootError, match=r"fetch: http://192.0.2.1/k@0\+6 is cut off: 4 bytes are"):
        load(plan(choice("a", kernel=remote("k", size=6)), None), tree, server)
    assert count_descriptors() == before


def test_a_file_that_cannot_be_fetched_leaves_nothing_open(tree: Path) -> None:
    before = count_descriptors()
    todo = plan(choice("a", initrds=(remote("gone"),)), None)
    with pytest.raises(BootError, match=r"fetch: http://192.0.2.1/gone: 404 Not Found"):
        load(todo, tree, Server({}))
    assert count_descriptors() == before


def fetch(files: Sequence[File], server: Server, room: Room, local: int = 0) -> list[int]:
    shown: list[Progress | None] = []
    return asyncio.run(download(files, local, server.fetch, shown.append, room))


def test_what_does_not_fit_is_refused_before_it_is_fetched_with_the_numbers() -> None:
    server = Server({f"{SITE}/k": b"k", f"{SITE}/i": b"i"}, {f"{SITE}/i": 10_000_000_000})
    with pytest.raises(Refused, match=r"10000 MB of .*/i, take 20000 MB, 1000 MB are"):
        fetch([remote("k"), remote("i")], server, Room(1_000_000_000))
    assert server.sent == 0


@pytest.mark.parametrize(("local", "packed"), [(0, ""), (300, "a/name")])
def test_the_copies_that_a_boot_makes_are_counted(local: int, packed: str) -> None:
    size = 1000
    server = Server({f"{SITE}/i": bytes(size)})
    need = local + size * (3 if packed else 2)
    for fd in fetch([remote("i", packed=packed)], server, Room(need), local):
        os.close(fd)
    with pytest.raises(Refused):
        fetch([remote("i", packed=packed)], server, Room(need - 1), local)


def test_a_size_that_no_server_tells_is_refused_once_it_passes_the_room() -> None:
    server = Server({f"{SITE}/i": bytes(1000)}, {})
    with pytest.raises(Refused, match="no room in memory"):
        fetch([remote("i")], server, Room(1500))
    assert server.wanted[0].most == 750  # more is refused by the process that fetches


def test_the_rate_is_that_of_the_last_seconds() -> None:
    now, shown = [0.0], list[Progress | None]()

    async def fetch(wanted: Sequence[Wanted], report: Report) -> list[int]:
        for second in range(21):
            now[0] = second
            done = 100 * min(second, 10) + 10 * max(second - 10, 0)
            report(0, done, 2000, "")
        raise OSError(errno.EIO, "enough")

    with pytest.raises(OSError, match="enough"):
        asyncio.run(download([remote("i")], 0, fetch, shown.append, Room(None), lambda: now[0]))
    rates = [progress.rate for progress in shown if progress]
    assert (rates[0], rates[5], rates[-1]) == (0, 100, 10)
    assert shown[-1]
    assert shown[-1].left == 90


def test_the_reason_why_nothing_comes_is_shown_until_something_does() -> None:
    shown = list[Progress | None]()

    async def fetch(wanted: Sequence[Wanted], report: Report) -> list[int]:
        report(0, 10, 90, "")
        report(1, 5, 10, "")
        report(0, 10, 90, "no answer from 192.0.2.1, second try")
        report(1, 10, 10, "")
        report(0, 20, 90, "")
        raise OSError(errno.EIO, "enough")

    with pytest.raises(OSError, match="enough"):
        asyncio.run(download([remote("i"), remote("k")], 0, fetch, shown.append, Room(None)))
    troubles = [progress.trouble for progress in shown if progress]
    away = "no answer from 192.0.2.1, second try"
    assert troubles == ["", "", away, away, ""]


def test_user_and_password_of_a_url_are_told_nobody(tree: Path) -> None:
    url = "http://bob:secret@192.0.2.1/k"
    shown: list[Progress | None] = []
    todo = plan(choice("a", kernel=File(url=url), initrds=(File(url=url),)), None)
    loaded = load(todo, tree, Server({url: b"KERNEL"}), shown.append)
    with pytest.raises(BootError) as failure:
        load(plan(choice("a", kernel=File(url=url)), None), tree, Server({}))
    for words in (loaded, *todo.lines(), str(failure.value), *map(str, shown)):
        assert "secret" not in words


def test_a_server_that_sends_nothing_more_ends_the_download_and_is_named() -> None:
    async def silent(wanted: Sequence[Wanted], report: Report) -> list[int]:
        report(0, 9, 9, "")
        for done in range(3):
            await asyncio.sleep(0.05)
            report(1, done, 9, "")
        await asyncio.sleep(60)
        return []

    files = remote("vmlinux"), remote("initrd")
    words = "/initrd: no byte has come for 0.2 seconds"
    with pytest.raises(OSError, match=words) as caught:
        asyncio.run(download(files, 0, silent, lambda _: None, stalled=0.2))
    assert caught.value.errno == errno.ETIMEDOUT


def test_the_reason_of_a_fetch_that_was_given_up_is_kept() -> None:
    async def give_up(wanted: Sequence[Wanted], report: Report) -> list[int]:
        raise OSError(errno.ETIMEDOUT, "http://192.0.2.1/a: no answer, third try")

    with pytest.raises(OSError, match="third try"):
        asyncio.run(download([remote("a")], 0, give_up, lambda _: None))
