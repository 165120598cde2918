"""Following a lease and fetching, with a real server: all but the server is Petipy's own."""

import asyncio
import os
import random
import signal
import socket
import ssl
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest

from parsers.api import Volume
from petipy.fetch import tls
from petipy.sandbox import process
from petipy.sandbox.client import Scanner
from petipy.sources.opened import OpenedPlaces
from petipy.state.model import NETWORK, Device, Scan, Snapshot, Source
from petipy.state.network import NO_RULES, Fetching, Wanted
from tests.fetch.tftp_server import serve as serve_tftp
from tests.network.authority import Authority
from tests.sandbox.scanners import PATIENCE, children, count_descriptors, until
from tests.sandbox.servers import Site, serve

ETH0 = Device(volume=Volume(name="eth0"), node="", kind=NETWORK)
MENU = b"DEFAULT one\nLABEL one\n KERNEL vmlinux\n INITRD initrd\n APPEND quiet\n"


def follow(*lease: tuple[str, str]) -> Scan:
    started = Scanner.start()
    try:
        return asyncio.run(started.scan_lease(ETH0, lease, (), "ppc64le", PATIENCE))
    finally:
        started.close()


def test_a_lease_leads_to_the_configuration_on_a_server() -> None:
    with serve({"/pxelinux.cfg/default": MENU}) as site:
        scan = follow(("ip", "192.0.2.7"), ("pxepathprefix", f"{site.url}/"), ("bootfile", "x.0"))
    ((form, entry),) = scan.entries
    assert (form, entry.title, entry.cmdline) == ("pxe", "one", "quiet")
    assert entry.kernel
    assert entry.kernel.url == f"{site.url}/vmlinux"
    asked = [(request.url.removeprefix(site.url), request.good) for request in scan.requests]
    assert asked[0] == ("/pxelinux.cfg/C0000207", False)
    assert asked[-1] == ("/pxelinux.cfg/default", True)
    assert "404" in scan.requests[0].answer
    assert not scan.problems


def test_a_branch_that_was_made_early_serves_the_first_request_at_full_speed() -> None:
    async def scenario(site: Site) -> None:
        started = Scanner.start()
        try:
            started.prepare_network()
            early = started.process.network
            await until(lambda: len(children(started.process.pid)) == 1)
            (branch,) = children(started.process.pid)
            scan = await started.scan_lease(
                ETH0, (("pxeconffile", f"{site.url}/menu"),), (), "ppc64le", PATIENCE
            )
            assert [entry.title for _, entry in scan.entries] == ["one"]
            assert started.process.network is early
            assert children(started.process.pid) == [branch]
            assert os.sched_getscheduler(branch) == os.SCHED_OTHER
        finally:
            started.close()

    with serve({"/menu": MENU}) as site:
        asyncio.run(scenario(site))


def test_an_idle_branch_ends_and_the_next_request_makes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It holds memory; a request that runs keeps it."""
    complaints: list[str] = []

    async def scenario(site: Site) -> None:
        monkeypatch.setattr(Scanner, "idle", 0.0)
        started = Scanner.start(complain=complaints.append)
        try:
            for _ in range(2):
                scan = await started.scan_lease(
                    ETH0, (("pxeconffile", f"{site.url}/menu"),), (), "ppc64le", PATIENCE
                )
                assert [entry.title for _, entry in scan.entries] == ["one"]
                await until(lambda: not children(started.process.pid))
                assert started.process.network is None
            started.prepare_network()
            await until(lambda: started.process.network is None)
            await until(lambda: not children(started.process.pid))
        finally:
            started.close()

    with serve({"/menu": MENU}) as site:
        asyncio.run(scenario(site))
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("menu", MENU, "pxe"),
        ("boot.ipxe", b"#!ipxe\nkernel vmlinux quiet\nboot\n", "ipxe"),
        ("grub.cfg", b"menuentry one { linux /vmlinux quiet\n}\n", "grub"),
    ],
)
def test_a_url_that_a_person_opens_leads_to_its_entries(name: str, text: bytes, form: str) -> None:
    with serve({f"/a/{name}": text}) as site:
        found: list[Source] = []
        OpenedPlaces(Snapshot, found.append, print).open(f"{site.url}/a/{name}")
        scan = follow(*found[0].lease)
    ((language, entry),) = scan.entries
    assert language == form
    assert entry.kernel
    assert entry.kernel.url == f"{site.url}{'' if form == 'grub' else '/a'}/vmlinux"
    assert "quiet" in entry.cmdline


def test_a_server_that_refuses_is_named_with_its_answer() -> None:
    with serve({}) as site:
        gone = site.url
    scan = follow(("pxeconffile", f"{gone}/menu"))
    assert scan.entries == ()
    assert scan.requests[0].url == f"{gone}/menu"
    assert "refused" in scan.requests[0].answer


def fetch(
    *wanted: Wanted,
    shown: list[tuple[int, int, int | None]] | None = None,
    rules: Fetching = NO_RULES,
) -> list[bytes]:
    started = Scanner.start()

    def show(number: int, done: int, total: int | None, _: str) -> None:
        if shown is not None:
            shown.append((number, done, total))

    try:
        found = asyncio.run(started.fetch(wanted, rules, PATIENCE, show))
    finally:
        started.close()
    contents = []
    for descriptor in found:
        with open(descriptor, "rb") as file:
            contents.append(file.read())
    return contents


def test_files_are_fetched_side_by_side_in_their_order() -> None:
    shown: list[tuple[int, int, int | None]] = []
    with serve({"/a": b"A" * 5_000_000, "/b": b"B"}) as site:
        found = fetch(*(Wanted(url=f"{site.url}/{name}") for name in "ab"), shown=shown)
    assert found == [b"A" * 5_000_000, b"B"]
    assert (0, 5_000_000, 5_000_000) in shown


def test_files_come_by_tftp_too() -> None:
    files = {b"a": random.Random(1).randbytes(3_000_000), b"b": b"B"}
    started = Scanner.start()

    async def run() -> list[int]:
        async with serve_tftp(files) as host:
            wanted = [Wanted(url=host.url(f"/{name}")) for name in "ab"]
            return await started.fetch(wanted, NO_RULES, PATIENCE, lambda *_: None)

    try:
        found = asyncio.run(run())
    finally:
        started.close()
    for descriptor, data in zip(found, files.values(), strict=True):
        with open(descriptor, "rb") as file:
            assert file.read() == data


def test_one_that_cannot_be_fetched_is_named_and_leaves_nothing_open() -> None:
    before = count_descriptors("self")
    with serve({"/a": b"A"}) as site, pytest.raises(OSError, match=r"/b: 404"):
        fetch(Wanted(url=f"{site.url}/a"), Wanted(url=f"{site.url}/b"))
    assert count_descriptors("self") == before


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def make_context(authority: Authority) -> ssl.SSLContext:
    shown = authority.sign("IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    return context


def test_files_come_by_https_from_servers_that_are_trusted(authority: Authority) -> None:
    rules = Fetching(authorities=(str(authority.certificate),))
    with serve({"/a": b"A", "/b": b"B" * 100_000}, make_context(authority)) as site:
        wanted = [Wanted(url=f"{site.url}/{name}") for name in "ab"]
        assert fetch(*wanted, rules=rules) == [b"A", b"B" * 100_000]
        with pytest.raises(OSError, match="is not trusted: its authority is not known"):
            fetch(wanted[0])


def test_a_redirect_to_https_has_ssl_imported_and_is_followed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Fetching(authorities=(str(authority.certificate),))
    monkeypatch.setattr(tls, "is_loaded", lambda: False)  # these tests have imported it

    def move(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"{there.url}/a")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serve({"/a": b"A"}, make_context(authority)) as there, serve({"/a": move}) as here:
        assert fetch(Wanted(url=f"{here.url}/a"), rules=rules) == [b"A"]
        assert here.asked == ["/a", "/a"]


def test_an_error_names_no_password() -> None:
    with serve({}) as site, pytest.raises(OSError, match="/b: 404") as caught:
        fetch(Wanted(url=f"{site.url}/b".replace("//", "//me:secret@")))
    assert "secret" not in str(caught.value)


def test_a_fetch_that_is_given_up_leaves_no_process() -> None:
    async def give_up(site: Site) -> None:
        wanted, started = Wanted(url=f"{site.url}/slow"), Scanner.start()
        try:
            fetching = asyncio.create_task(started.fetch([wanted], NO_RULES, PATIENCE))
            await until(lambda: bool(site.asked))
            (branch,) = (pid for pid in children(started.process.pid))
            assert len(children(branch)) == 1
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
            await until(lambda: not children(branch))
        finally:
            started.close()

    def read_on(handler: BaseHTTPRequestHandler) -> None:
        """Answer nothing until the other end is gone."""
        handler.rfile.read(1)

    with serve({"/slow": read_on}) as site:
        asyncio.run(give_up(site))


def test_a_text_is_asked_for_without_a_range_and_a_large_file_is_left_in_its_middle() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(8 << 20))
        handler.end_headers()
        with suppress(ConnectionError):
            handler.wfile.write(MENU + b"#" * ((8 << 20) - len(MENU)))

    with serve({"/menu": answer}) as site:
        scan = follow(("pxeconffile", f"{site.url}/menu"))
        assert site.ranges == [""]
    assert [entry.title for _, entry in scan.entries] == ["one"]
    assert scan.requests[0].answer.startswith("2,097,152 bytes of it")


@pytest.mark.parametrize(("status", "stopped"), [(503, True), (404, False), (403, False)])
def test_a_server_that_errs_for_a_while_is_asked_again_later(status: int, stopped: bool) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serve({"/menu": answer}) as site:
        scan = follow(("pxeconffile", f"{site.url}/menu"))
    assert scan.entries == ()
    assert bool(scan.stopped) == stopped
    assert (f"{site.url}/menu: 503" in scan.stopped) == stopped


def test_a_scanner_that_takes_nothing_more_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs, and its queue is full: the process that owns the machine goes on."""
    monkeypatch.setattr(process, "_ENDING", 0.1)
    started = Scanner.start()
    assert started.process.control
    os.kill(started.process.pid, signal.SIGSTOP)
    try:
        with suppress(BlockingIOError):
            while True:
                started.process.control.send(b"x", socket.MSG_DONTWAIT)
        # Not: no answer in time.
        with pytest.raises(OSError, match="the scanner process died"):
            asyncio.run(started.scan_lease(ETH0, (("ip", "192.0.2.7"),), (), "", PATIENCE))
    finally:
        started.close()
