"""https: servers whose certificates are good, and those whose are not; each says why."""

import asyncio
import hashlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.fetch import fetcher, tls
from petipy.fetch.spki import find_key
from petipy.state.network import Fetching
from tests.fetch.server import Outcome, Visit, fetch, serve
from tests.network.authority import Authority, Certificate, fingerprint

NOW = datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """An authority, and the certificates that a test's server may show."""

    authority: Authority
    good: Certificate
    chain: Path  # the good one's and its authority's
    wrong_name: Certificate
    expired: Certificate
    early: Certificate  # not yet valid
    client: Path  # ours, with its key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    good = authority.sign("IP:127.0.0.1", "boot.test")
    chain = good.certificate.with_suffix(".chain")
    chain.write_bytes(good.certificate.read_bytes() + authority.certificate.read_bytes())
    client = authority.sign("client.test", usage="clientAuth")
    both = client.certificate.with_suffix(".both")
    both.write_bytes(client.certificate.read_bytes() + client.key.read_bytes())
    day = timedelta(days=1)
    return Keys(
        authority=authority,
        good=good,
        chain=chain,
        wrong_name=authority.sign("other.test", "IP:127.0.0.9"),
        expired=authority.sign("IP:127.0.0.1", begins=NOW - 9 * day, ends=NOW - day),
        early=authority.sign("IP:127.0.0.1", begins=NOW + day, ends=NOW + 9 * day),
        client=both,
    )


def make_context(shown: Certificate, chain: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain or shown.certificate, shown.key)
    return context


async def hello(visit: Visit) -> bool:
    await visit.answer("200 OK", b"hello")
    return True


async def ask(
    rules: Fetching,
    context: ssl.SSLContext,
    answer: Callable[[Visit], object] = hello,
) -> Outcome:
    fetcher.prepare(["https:"], rules)
    async with serve(answer, context) as server:  # type: ignore[arg-type]
        return await fetch(server.url(), rules)


async def ask_at(url: str, rules: Fetching) -> Outcome:
    fetcher.prepare([url], rules)
    return await fetch(url, rules)


@contextmanager
def blocking_server(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Run a server in a thread, for what asyncio's cannot: an alert is sent before the end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve_all() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listening.accept()
                    with sock, suppress(OSError):
                        sock.settimeout(2)
                        answer(sock)
                        sock.recv(9999)

        thread = threading.Thread(target=serve_all)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def trusting(keys: Keys, **more: object) -> Fetching:
    return Fetching(authorities=(str(keys.authority.certificate),), **more)  # type: ignore[arg-type]


def test_an_authority_in_the_image_is_trusted(keys: Keys) -> None:
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.good)))
    assert outcome.data == b"hello"
    assert outcome.answers == ["5 bytes"]


def test_the_bundle_of_the_image_is_trusted(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_BUNDLES", ("/no/such.crt", str(keys.authority.certificate)))
    monkeypatch.setattr(tls, "_loaded", [])
    rules = Fetching(authorities=("/no/such.pem",), no_proxy=("nobody.asked.before",))
    assert asyncio.run(ask(rules, make_context(keys.good))).data == b"hello"
    monkeypatch.setattr(tls, "_BUNDLES", ())
    rules = Fetching(no_proxy=("nobody.asked.before",))
    outcome = asyncio.run(ask(rules, make_context(keys.good)))
    assert outcome.fetched.error.endswith("not known: petipy.ca; there is no CA bundle")


def test_an_unknown_authority_is_not_trusted_and_nothing_is_sent_to_the_server(keys: Keys) -> None:
    async def never(visit: Visit) -> None:
        raise AssertionError("a request came")

    outcome = asyncio.run(ask(Fetching(), make_context(keys.good), never))
    reason = "the certificate of 127.0.0.1 is not trusted: its authority is not known: petipy.ca"
    assert outcome.answers == [reason]


def test_an_authority_that_cannot_be_read_is_named_when_it_is_missed(keys: Keys) -> None:
    rules = Fetching(authorities=("/no/such.pem",))
    outcome = asyncio.run(ask(rules, make_context(keys.good)))
    assert "petipy.ca=/no/such.pem: no such file or directory" in outcome.fetched.error


def test_a_certificate_for_another_name_is_refused(keys: Keys) -> None:
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.wrong_name)))
    assert outcome.fetched.error.endswith("is not trusted: it is for another address")


def test_an_expired_certificate_is_refused_and_the_clock_is_told(keys: Keys) -> None:
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.expired)))
    assert f"it has expired; this machine's clock says {NOW:%Y-%m}" in outcome.fetched.error
    assert "set the clock" not in outcome.fetched.error


def test_a_certificate_of_the_future_is_refused(keys: Keys) -> None:
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.early)))
    assert "it is not yet valid; this machine's clock says" in outcome.fetched.error


def test_a_clock_in_1970_is_told_to_be_at_fault(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_now", lambda: 86400.0)
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.early)))
    said = "clock says 1970-01-02, which is before this image was made: set the clock"
    assert said in outcome.fetched.error
    monkeypatch.setattr(tls, "_now", lambda: 1_760_000_000 + 3600.0)  # as clock.begin sets it
    outcome = asyncio.run(ask(trusting(keys), make_context(keys.early)))
    assert outcome.fetched.error.endswith("2025-10-09, when this image was made: set the clock")


def test_a_fingerprint_on_the_command_line_makes_an_authority(keys: Keys) -> None:
    with_root = make_context(keys.good, keys.chain)
    for spelling in (f"sha256:{keys.authority.fingerprint}", keys.authority.fingerprint):
        rules = Fetching(authorities=(spelling,))
        assert asyncio.run(ask(rules, with_root)).data == b"hello"
    own = Fetching(authorities=(f"sha256:{fingerprint(keys.good.certificate).upper()}",))
    assert asyncio.run(ask(own, make_context(keys.good))).data == b"hello"
    other = Fetching(authorities=(f"sha256:{'0' * 64}",))
    assert asyncio.run(ask(other, with_root)).data is None


def test_a_fingerprint_does_not_replace_the_name(keys: Keys) -> None:
    rules = Fetching(authorities=(f"sha256:{fingerprint(keys.wrong_name.certificate)}",))
    outcome = asyncio.run(ask(rules, make_context(keys.wrong_name)))
    assert outcome.fetched.error.endswith("it is for another address")


def test_an_authority_is_fetched_from_a_place_that_is_pinned(keys: Keys) -> None:
    data = keys.authority.certificate.read_bytes()

    async def give(visit: Visit) -> None:
        await visit.answer("200 OK", data)

    async def main() -> None:
        async with serve(give) as place:
            for digest, good in ((hashlib.sha256(data).hexdigest(), True), ("0" * 64, False)):
                rules = Fetching(authorities=(place.url(f"/ca.pem#sha256={digest}"),))
                outcome = await ask(rules, make_context(keys.good))
                assert (outcome.data == b"hello") is good
                if not good:
                    assert "petipy.ca=http://127.0.0.1" in outcome.fetched.error
                    assert "its sha256 is" in outcome.fetched.error
                assert outcome.fetched.requests[-1].url.startswith("https://")

    asyncio.run(main())


def test_only_a_key_of_petipy_pin_is_taken(keys: Keys) -> None:
    argv = ["openssl", "pkey", "-in", str(keys.good.key), "-pubout", "-outform", "DER"]
    key = subprocess.run(argv, capture_output=True, check=True).stdout
    digest, other = hashlib.sha256(key).hexdigest(), "1" * 64
    rules = trusting(keys, pins=(other, digest))
    assert asyncio.run(ask(rules, make_context(keys.good))).data == b"hello"
    for pin in (other, "not understood"):
        outcome = asyncio.run(ask(trusting(keys, pins=(pin,)), make_context(keys.good)))
        wrong = f"the server's key is not one of petipy.pin: its SHA-256 is {digest}"
        assert outcome.answers == [wrong]


def test_a_key_is_found_in_certificates_only(keys: Keys) -> None:
    pem = keys.good.certificate.read_text()
    whole = ssl.PEM_cert_to_DER_cert(pem)
    assert find_key(whole)
    for length in range(len(find_key(whole)) + 100):
        with pytest.raises(ValueError, match=r"early|DER|sequence|Info"):
            find_key(whole[:length])


@given(st.binary(max_size=60))
def test_no_bytes_of_a_certificate_end_in_anything_but_a_reason(data: bytes) -> None:
    for candidate in (data, b"\x30\x3a" + data, b"\x30\x82\x00\x3a\x30\x38" + data):
        with suppress(ValueError):
            assert find_key(candidate)[:1] == b"0"


def test_a_server_that_wants_our_certificate_gets_it(keys: Keys) -> None:
    context = make_context(keys.good)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(keys.authority.certificate)
    outcome = asyncio.run(ask(trusting(keys, certificate=str(keys.client)), context))
    assert outcome.data == b"hello"
    with blocking_server(lambda sock: context.wrap_socket(sock, server_side=True)) as url:
        outcome = asyncio.run(ask_at(url, trusting(keys)))
    assert "the server wants a client certificate: petipy.certificate=" in outcome.fetched.error
    outcome = asyncio.run(ask(trusting(keys, certificate="/no/such"), make_context(keys.good)))
    assert outcome.answers == ["5 bytes; petipy.certificate=/no/such: no such file or directory"]


def test_insecure_is_said_with_every_request(keys: Keys) -> None:
    outcome = asyncio.run(ask(Fetching(insecure=True), make_context(keys.wrong_name)))
    assert outcome.data == b"hello"
    words = "5 bytes, and its certificate is not checked (petipy.insecure)"
    assert outcome.answers == [words]


def test_old_versions_of_tls_are_refused(keys: Keys) -> None:
    context = make_context(keys.good)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with blocking_server(lambda sock: context.wrap_socket(sock, server_side=True)) as url:
        outcome = asyncio.run(ask_at(url, trusting(keys)))
    assert outcome.answers == ["TLS: tlsv1 alert protocol version"]


def test_a_server_without_tls_is_told() -> None:
    with blocking_server(lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        outcome = asyncio.run(ask_at(url, Fetching()))
    assert outcome.answers == ["the server does not speak TLS there"]


def test_no_redirect_leads_from_https_to_http(keys: Keys) -> None:
    async def away(visit: Visit) -> None:
        await visit.answer("302 Found", b"", "Location: http://127.0.0.1:1/a")

    outcome = asyncio.run(ask(trusting(keys), make_context(keys.good), away))
    words = "a redirect from https to http://127.0.0.1:1/a, which is not followed"
    assert outcome.answers == [words]


def test_a_redirect_to_https_before_tls_is_prepared_says_so(keys: Keys) -> None:
    """A confined process can import nothing: its parent prepares, and asks again."""
    rules = trusting(keys, pins=())
    rules = Fetching(authorities=rules.authorities, no_proxy=("never.prepared",))

    async def main() -> None:
        async with serve(hello, make_context(keys.good)) as there:

            async def move(visit: Visit) -> None:
                await visit.answer("302 Found", b"", f"Location: {there.url()}")

            async with serve(move) as here:
                outcome = await fetch(here.url(), rules)
                assert (outcome.fetched.kind, outcome.data) == ("tls", None)
                assert len(outcome.answers) == 1  # the redirect
                assert not there.visits
                fetcher.prepare(["https:"], rules)
                assert (await fetch(here.url(), rules)).data == b"hello"

    asyncio.run(main())


def test_a_cut_in_a_body_without_length_is_no_end(keys: Keys) -> None:
    async def cut(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        transport = visit.writer.transport
        transport._ssl_protocol._transport.abort()  # type: ignore[attr-defined]

    outcome = asyncio.run(ask(trusting(keys), make_context(keys.good), cut))
    assert outcome.data is None
    assert outcome.fetched.error.startswith("the connection broke: ")
