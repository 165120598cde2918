"""A process that has given up the right to open files fetches what it was prepared for."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fetch.server import Visit, serve
from tests.fetch.test_tls import make_context
from tests.fetch.tftp_server import serve as serve_tftp
from tests.network.authority import Authority

TOP = Path(__file__).parents[2]
# A name is looked up, too: "localhost".
CHILD = """
import asyncio, os, sys
from petipy.fetch.fetcher import Fetcher, prepare
from petipy.state.network import Fetching, Wanted

authority, prepared, *urls = sys.argv[1:]
rules = Fetching(
    authorities=(authority,), no_proxy=("192.0.2.0/24", "localhost", "127.0.0.1"), proxy="no.test"
)
prepare(prepared.split(), rules)
sys.path.clear()
sys.path_importer_cache.clear()
sys.meta_path[:] = [finder for finder in sys.meta_path if "Builtin" in str(finder)]
before = set(sys.modules)

async def main():
    fetcher = Fetcher(rules)
    for url in urls:
        fetched = await fetcher.fetch(Wanted(url=url))
        data = os.pread(fetched.descriptor, 99, 0) if fetched.descriptor >= 0 else b""
        print(data.decode(), fetched.error)

asyncio.run(main())
late = {name for name in set(sys.modules) - before if sys.modules[name]}
print(*late)
"""
SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def run_child(authority: str, prepared: str, *urls: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, authority, prepared, *urls],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


async def answer(visit: Visit) -> bool:
    if visit.path == "/chunked":
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        await visit.send(chunked + b"5\r\nhello\r\n0\r\n\r\n")
    elif visit.path == "/busy" and visit.number % 2 == 0:
        date = "Sun, 06 Nov 1994 08:49:37 GMT"
        await visit.answer("503 Busy", b"", f"Date: {date}", f"Retry-After: {date}")
    elif visit.path == "/moved":
        await visit.answer("302 Found", b"", "Location: /there%20?a")
    elif visit.path == "/missing":
        await visit.answer("404 Not Found")
    else:
        await visit.answer("200 OK", b"hello")
    return True


def test_nothing_is_imported_after_the_preparation() -> None:
    async def main() -> list[str]:
        async with serve(answer) as server:
            urls = [
                server.url(f"/plain#sha256={SHA256}"),
                server.url("/busy").replace("127.0.0.1", "localhost"),
                server.url("/chunked").replace("//", "//me:%41%42@"),
                server.url("/moved"),
                server.url("/missing"),
            ]
            return await asyncio.to_thread(run_child, "/none", "http://a/#sha256=1", *urls)

    assert asyncio.run(main()) == ["hello "] * 4 + [" 404 Not Found", ""]


def test_nothing_is_imported_for_tftp_either() -> None:
    async def main() -> list[str]:
        async with serve_tftp({b"a b": b"hello"}) as host:
            urls = [host.url("/a%20b").replace("127.0.0.1", "localhost"), host.url("/missing")]
            return await asyncio.to_thread(run_child, "/none", "tftp:", *urls)

    absent = 'there is no such file ("File not found")'
    assert asyncio.run(main()) == ["hello ", f" {absent}", ""]


@pytest.mark.parametrize("kind", ["path", "fingerprint", "url"])
def test_nothing_is_imported_for_https_either(tmp_path: Path, kind: str) -> None:
    authority = Authority(tmp_path)
    shown = authority.sign("IP:127.0.0.1", "localhost")
    chain = tmp_path / "chain.pem"
    pem = authority.certificate.read_bytes()
    chain.write_bytes(shown.certificate.read_bytes() + pem)

    async def give(visit: Visit) -> None:
        await visit.answer("200 OK", pem)

    async def main() -> list[str]:
        async with serve(answer, make_context(shown, chain)) as server, serve(give) as place:
            trusted = {
                "path": str(authority.certificate),
                "fingerprint": f"sha256:{authority.fingerprint}",
                "url": place.url(f"/ca#sha256={hashlib.sha256(pem).hexdigest()}"),
            }[kind]
            urls = [server.url("/a"), server.url("/b").replace("127.0.0.1", "localhost")]
            return await asyncio.to_thread(run_child, trusted, "https:", *urls)

    assert asyncio.run(main()) == ["hello ", "hello ", ""]
