"""TLS 1.2 and later for https, by the standard library's ssl.

`load` imports ssl at the first https, since no other boot needs it. The CA bundle of the image and
the authorities of petipy.ca vouch for certificates.
"""

import asyncio
import errno
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from petipy.fetch.authorities import LARGEST, sort_authorities
from petipy.fetch.connection import Connection
from petipy.fetch.failure import FetchError
from petipy.fetch.scheme import Job, find_schemes
from petipy.fetch.sink import Sink
from petipy.fetch.spki import find_key
from petipy.fetch.url import Url, parse
from petipy.startup import packs
from petipy.state.network import Fetching

if TYPE_CHECKING:
    import ssl

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
# A connection to the same server, for a second handshake.
Open = Callable[[], Awaitable[Connection]]


@dataclass(slots=True)
class Tls:
    """The context of handshakes under some rules, and authorities that are still to come."""

    rules: Fetching
    context: "ssl.SSLContext"
    epoch: float  # seconds since 1970: the build of the image
    faults: list[str] = field(default_factory=list)  # authorities that could not be read, in words
    fingerprints: list[str] = field(default_factory=list)  # of certificates, in hexadecimal
    urls: list[str] = field(default_factory=list)  # of certificates that are still to be fetched
    remark: str = ""  # for every request


_now = time.time  # the certificates are checked against it
_prepared: dict[Fetching, Tls] = {}
_loaded: list["ssl.SSLContext"] = []  # with the bundle of the image, for the next `prepare`


def is_loaded() -> bool:
    """Return True if ssl is in memory: the real one, not the stand-in of petipy.startup.lazy."""
    return "_ssl" in sys.modules


def load() -> None:
    """Import ssl and read the authorities of the image, once for this process and its children.

    Raise OSError where there is no OpenSSL.
    """
    if is_loaded():
        return
    packs.unpack(packs.TLS)
    try:
        _loaded.append(_make_context())
    except ImportError as error:
        raise OSError(errno.EPROTONOSUPPORT, f"https is not known here: {error}") from None


def prepare(rules: Fetching) -> None:
    """Read the certificates that the rules name. This needs the right to read them.

    If an authority cannot be read, the message about an untrusted certificate names it. Raise
    OSError where there is no OpenSSL.
    """
    if rules in _prepared:
        return
    load()
    from petipy.sys.epoch import read_epoch  # plain http does without it

    context = _loaded.pop() if _loaded else _make_context()
    tls = Tls(rules, context, read_epoch())
    if rules.insecure:
        import ssl

        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        tls.remark = ", and its certificate is not checked (petipy.insecure)"
    elif not context.cert_store_stats()["x509_ca"]:
        tls.faults.append("there is no CA bundle")
    named = sort_authorities(() if rules.insecure else rules.authorities)
    tls.fingerprints, tls.urls = named.fingerprints, named.urls
    for path in named.paths:
        _read_authority(tls, path)
    if rules.certificate:
        try:
            context.load_cert_chain(rules.certificate, password=_no_password)
        except (OSError, ValueError) as error:
            words = f"petipy.certificate={rules.certificate}: {_describe_error(error)}"
            tls.faults.append(words)
            tls.remark += f"; {words}"
    _prepared[rules] = tls


def _make_context() -> "ssl.SSLContext":
    """Return a context that trusts the authorities of the image."""
    import hashlib  # noqa: F401  for what comes later
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an authority need not be a root
    for path in _BUNDLES:
        with suppress(OSError):  # of a bundle that cannot be read, too: prepare says so
            context.load_verify_locations(path)
            break
    return context


def is_prepared(rules: Fetching) -> bool:
    """Return True if `prepare` has been called for these rules."""
    return rules in _prepared


async def start(connection: Connection, url: Url, job: Job, reopen: Open) -> Connection:
    """Do a handshake. Return the connection that has TLS: this one, or a new one in its place.

    Raise FetchError, and KeyError if `prepare` has not been called for these rules.
    """
    tls = _prepared[job.rules]
    missed = ""  # authorities that could not be fetched, in words
    again = False
    try:
        for address in [*tls.urls]:
            try:
                await _fetch_authority(tls, address, job)
            except FetchError as error:
                missed, again = f"{missed}; {error}", again or error.again
        if tls.fingerprints:
            await _trust_by_fingerprint(tls, connection, url, job)
            connection.close()
            connection = await reopen()
        sock = await _shake_hands(tls.context, connection, url, job)
        _check_pin(tls, sock)
    except BaseException as error:
        connection.close()
        if missed and isinstance(error, FetchError):
            raise FetchError(f"{error}{missed}", error.kind, again=again or error.again) from None
        raise
    return connection


def remark(rules: Fetching) -> str:
    """Return the note for the record of every https request, or ""."""
    return _prepared[rules].remark if rules in _prepared else ""


def describe(error: OSError) -> str:
    """Return an error of ssl in words, or any other OSError's."""
    reason = getattr(error, "reason", None)
    if not isinstance(reason, str):
        return (error.strerror or str(error) or "broken").lower()
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return "the server does not speak TLS there"
    if "CERTIFICATE_REQUIRED" in reason:
        return "the server wants a client certificate: petipy.certificate="
    if "UNEXPECTED_EOF" in reason:
        return "the server closed without an end of TLS"
    return f"TLS: {reason.lower().replace('_', ' ')}"


async def _shake_hands(
    context: "ssl.SSLContext", connection: Connection, url: Url, job: Job
) -> "ssl.SSLSocket":
    import ssl

    host = url.host.partition("%")[0]

    def wrap(sock: socket.socket) -> "ssl.SSLSocket":
        return context.wrap_socket(
            sock,
            server_hostname=host.encode(),  # a text would go by a codec that is imported late
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,  # else a cut looks like an end
        )

    try:
        async with asyncio.timeout(job.limits.answer):
            return await connection.start_tls(wrap)
    except TimeoutError:
        words = f"no TLS handshake after {job.limits.answer:g} s"
        raise FetchError(words, "silent", again=True) from None
    except ssl.SSLCertVerificationError as error:
        raise FetchError(_describe_distrust(error, host, _prepared[job.rules])) from None
    except ssl.SSLError as error:
        words = describe(error)
        raise FetchError(words, again="EOF" in str(error.reason)) from None
    except OSError as error:
        words = f"the connection broke in the TLS handshake: {describe(error)}"
        raise FetchError(words, "silent", again=True) from None
    except ValueError as error:  # a host's name that no certificate can have
        raise FetchError(f"TLS: {error}") from None


def _describe_distrust(error: "ssl.SSLCertVerificationError", host: str, tls: Tls) -> str:
    from petipy.sys.epoch import describe_clock

    clock = describe_clock(_now(), tls.epoch)
    words = {
        9: f"it is not yet valid; {clock}",
        10: f"it has expired; {clock}",
        18: "it is self-signed, and not of petipy.ca",
        19: "its authority is not known: petipy.ca",
        20: "its authority is not known: petipy.ca",
        21: "its authority is not known: petipy.ca",
        62: "it is for another name",
        64: "it is for another address",
    }.get(error.verify_code, error.verify_message)
    faults = "".join(f"; {fault}" for fault in tls.faults)
    return f"the certificate of {host} is not trusted: {words}{faults}"


def _read_authority(tls: Tls, path: str) -> None:
    """Take the certificates of a file in the image."""
    try:
        with open(path, "rb") as file:
            _trust(tls, file.read(LARGEST))
    except (OSError, ValueError) as error:
        tls.faults.append(f"petipy.ca={path}: {_describe_error(error)}")


def _trust(tls: Tls, data: bytes) -> None:
    """Take certificates, as PEM or DER, as authorities. Raise OSError or ValueError."""
    pem = b"-----BEGIN" in data
    tls.context.load_verify_locations(cadata=data.decode("latin-1") if pem else data)


async def _fetch_authority(tls: Tls, address: str, job: Job) -> None:
    """Fetch a certificate; its checksum makes it trustworthy. Raise FetchError."""
    from hashlib import sha256, sha512

    try:
        url = parse(address)
        checksum = url.checksum()
        if checksum is None:
            raise ValueError("a URL needs #sha256=HEX")
        scheme = None if url.scheme == "https" else find_schemes().get(url.scheme)
        if scheme is None:
            raise ValueError(f"nothing is fetched by {url.scheme} before certificates are known")
    except ValueError as error:
        raise FetchError(f"petipy.ca: {error}") from None
    sink = Sink(LARGEST, make_digest=sha512 if checksum[0] == "sha512" else sha256)
    asking, began = job.asking, job.began
    try:
        part = Job(
            wanted=type(job.wanted)(url=address),
            url=url,
            rules=job.rules,
            sink=sink,
            limits=job.limits,
            pool=job.pool,
            resolve=job.resolve,
            requests=job.requests,
        )
        try:
            await scheme.fetch(part)
        except FetchError as error:
            part.note(str(error))
            raise
        if sink.checksum() != checksum[1]:
            raise FetchError(f"its {checksum[0]} is {sink.checksum()}")
        descriptor = sink.seal()
        try:
            _trust(tls, os.pread(descriptor, LARGEST, 0))
        finally:
            os.close(descriptor)
        if address in tls.urls:  # else another fetch was faster
            tls.urls.remove(address)
    except FetchError as error:
        raise FetchError(f"petipy.ca={url}: {error}", error.kind, again=error.again) from None
    except (OSError, ValueError) as error:
        raise FetchError(f"petipy.ca={url}: {_describe_error(error)}") from None
    finally:
        sink.close()
        job.asking, job.began = asking, began


async def _trust_by_fingerprint(tls: Tls, connection: Connection, url: Url, job: Job) -> None:
    """Take the certificates that the server sends and whose fingerprints are known.

    No certificate is checked in this handshake, and nothing is sent after it.
    """
    import ssl
    from hashlib import sha256

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = await _shake_hands(context, connection, url, job)
    for certificate in _read_chain(sock):
        if sha256(certificate).hexdigest() in tls.fingerprints:
            tls.context.load_verify_locations(cadata=certificate)


def _read_chain(sock: "ssl.SSLSocket") -> list[bytes]:
    """Return the certificates that a server has sent."""
    if hasattr(sock, "get_unverified_chain"):  # since Python 3.13
        return [bytes(certificate) for certificate in sock.get_unverified_chain() or []]
    inner: Any = sock._sslobj  # type: ignore[attr-defined]
    return [certificate.public_bytes(2) for certificate in inner.get_unverified_chain() or []]


def _check_pin(tls: Tls, sock: "ssl.SSLSocket") -> None:
    """Compare the server's key with petipy.pin. Raise FetchError."""
    if not tls.rules.pins:
        return
    from hashlib import sha256

    try:
        key = find_key(sock.getpeercert(binary_form=True) or b"")
    except ValueError as error:
        raise FetchError(f"the server's certificate has no key that can be read: {error}") from None
    found = sha256(key).hexdigest()
    if found not in tls.rules.pins:
        raise FetchError(f"the server's key is not one of petipy.pin: its SHA-256 is {found}")


def _describe_error(error: OSError | ValueError) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).lower().replace("_", " ")


def _no_password() -> str:
    return ""  # else OpenSSL asks on the terminal
