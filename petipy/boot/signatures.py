"""The signatures of a boot's files: a confined child checks them before anything is loaded.

CMS signatures lead to the authorities of petipy.ca alone. The CA bundle of the image vouches for
the names of servers: everybody can buy a certificate for signing code from an authority in it.
OpenPGP signatures are by the keys of the image (petipy.boot.openpgp).

The bytes that are checked are those that boot. Files from servers are sealed in memory; a file of a
disk, which may answer differently the next time, is copied into such a file first.
"""

import errno
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from posixpath import basename
from typing import Any

from petipy.boot import openpgp
from petipy.boot.opener import Changed, Opener
from petipy.boot.parts import send, size_of
from petipy.boot.plan import BootError, Plan, describe, forget_extents
from petipy.fetch.authorities import LARGEST, sort_authorities
from petipy.fetch.url import parse
from petipy.kexec.room import Room
from petipy.log import Log
from petipy.startup import packs
from petipy.state.boots import Progress
from petipy.state.model import File, Signature
from petipy.sys import cms, sealed
from petipy.sys.confined import confine
from petipy.sys.epoch import describe_clock, read_epoch
from petipy.sys.forked import ChildDied, Parent, Work, read_number

_WITHIN = 600.0  # seconds, for large files on slow machines
_MEMORY = 64 << 20  # bytes
_TIMES = (9, 10)  # OpenSSL's codes for a certificate that is not yet valid, or no longer

InChild = Callable[[Work, float, Callable[[str], None]], Awaitable[str]]
Show = Callable[[Progress | None], None]
_Check = tuple[Signature, int, int]  # with the descriptors of content and signature


@dataclass(slots=True)
class Proofs:
    """The material of a check: the signatures of a plan, and the authorities' certificates."""

    keyring: str  # the file of OpenPGP's keys
    signatures: list[int] = field(default_factory=list)  # in the order of Plan.signatures
    paths: list[str] = field(default_factory=list)  # of certificates in the image
    fingerprints: list[str] = field(default_factory=list)  # of certificates
    # Certificates from servers: descriptor, name and value of the checksum.
    fetched: list[tuple[int, str, str]] = field(default_factory=list)


def drop_unchecked(todo: Plan, authorities: Sequence[str], keyring: str, log: Log) -> Plan:
    """Return the plan without the signatures that nobody can check; log the reasons."""
    why = {} if authorities else {"cms": "petipy.ca is not set"}
    why |= {} if keyring else {"openpgp": "this image has no keyring"}
    for kind in dict.fromkeys(signature.kind for signature in todo.signatures):
        if kind in why:
            log.warning(f"the signatures of {todo.title} are not checked: {why[kind]}")
    return replace(todo, signatures=tuple(s for s in todo.signatures if s.kind not in why))


async def open_proofs(
    todo: Plan,
    authorities: Sequence[str],
    keyring: str,
    opener: Opener,
    log: Log,
    stack: ExitStack,
) -> Proofs:
    """Open the signatures of a plan, and fetch certificates. `stack` closes them.

    Raise BootError for a signature that is not there; Changed for one that is not what was scanned.
    """
    named = sort_authorities(authorities)
    proofs = Proofs(keyring, paths=named.paths, fingerprints=named.fingerprints)
    for signature in todo.signatures:
        try:
            (descriptor,) = await opener.open(signature.place)
        except Changed:
            raise
        except BootError as error:
            raise BootError(_name(signature), f"its signature is not there: {error}") from error
        stack.callback(os.close, descriptor)
        proofs.signatures.append(descriptor)
    for url in named.urls if any(s.kind == "cms" for s in todo.signatures) else ():
        try:
            checksum = parse(url).checksum()
            if checksum is None:
                raise ValueError("a URL needs #sha256=HEX")
            (descriptor,) = await opener.open(File(url=url))
        except (BootError, ValueError) as error:
            log.warning(f"petipy.ca={url.partition('#')[0]}: {error}")
            continue
        stack.callback(os.close, descriptor)
        proofs.fetched.append((descriptor, *checksum))
    return proofs


async def verify(
    todo: Plan,
    descriptors: Sequence[int],
    proofs: Proofs,
    opener: Opener,
    in_child: InChild,
    log: Log,
    show: Show,
    stack: ExitStack,
) -> tuple[Plan, list[int]]:
    """Return the plan and its descriptors, of files that are what their signatures say.

    `descriptors` are those of todo.files. Raise BootError for the first that is not right.
    """
    found = list(descriptors)
    checks, copied = await _pair(todo, found, proofs, opener, in_child, stack)
    cms_checks = [check for check in checks if check[0].kind == "cms"]
    if cms_checks:
        await _verify_cms(cms_checks, proofs, in_child, log, show)
    for check in checks:
        if check[0].kind == "openpgp":
            await _verify_openpgp(check, proofs.keyring, log, show)
    return forget_extents(todo, copied), found


async def _verify_openpgp(check: _Check, keyring: str, log: Log, show: Show) -> None:
    signature, content, place = check
    show(Progress(what=f"signature of {_name(signature)}", done=0))
    try:
        if signature.digest and _hash(content) != signature.digest:
            raise OSError(errno.EBADMSG, "the file is not the one that was read before")
        signer = await openpgp.check(content, place, keyring)
    except OSError as error:
        why = describe(error, "no answer")
        raise BootError(_name(signature), f"signature {signature.place}: {why}") from error
    log.info(f"{_name(signature)}: the signature is right (by {signer})")


async def _verify_cms(
    checks: Sequence[_Check], proofs: Proofs, in_child: InChild, log: Log, show: Show
) -> None:
    last = 0

    def receive(report: str) -> None:
        nonlocal last
        number = read_number(report, range(len(checks)))
        if number is None:
            raise ValueError(report[:60])
        last = number
        show(Progress(what=f"signature of {_name(checks[last][0])}", done=0))

    try:
        signers = await in_child(lambda link: _check(link, checks, proofs), _WITHIN, receive)
    except OSError as error:
        signature = checks[last][0]
        why = "the check died" if isinstance(error, ChildDied) else describe(error, "no answer")
        raise BootError(_name(signature), f"signature {signature.place}: {why}") from error
    for (signature, _, _), signer in zip(checks, signers.split("\n"), strict=False):
        log.info(f"{_name(signature)}: the signature is right (by {signer})")


async def _pair(
    todo: Plan,
    found: list[int],
    proofs: Proofs,
    opener: Opener,
    in_child: InChild,
    stack: ExitStack,
) -> tuple[list[_Check], list[File]]:
    """Return each signature with what it is of, and the files that were copied for that.

    The copies take the places of these files' descriptors in `found`.
    """
    files = todo.files
    copied: list[File] = []
    checks: list[_Check] = []
    for signature, place in zip(todo.signatures, proofs.signatures, strict=True):
        numbers = [number for number, file in enumerate(files) if file == signature.file]
        if signature.digest or (signature.kind == "openpgp" and not numbers):
            # A script, or what a script has looked at: it is opened again.
            (descriptor,) = await opener.open(signature.file)
            stack.callback(os.close, descriptor)
            if not sealed.is_sealed(descriptor):
                descriptor = await _copy(descriptor, signature.file, in_child, stack)
            checks.append((signature, descriptor, place))
            continue
        if not numbers:
            raise BootError(_name(signature), "it has a signature, and is none of the files")
        for number in numbers:
            if not sealed.is_sealed(found[number]):
                found[number] = await _copy(found[number], files[number], in_child, stack)
                copied.append(files[number])
            checks.append((signature, found[number], place))
    return checks, copied


def _name(signature: Signature) -> str:
    return basename(signature.file.url.partition("#")[0] or signature.file.path)


async def _copy(descriptor: int, file: File, in_child: InChild, stack: ExitStack) -> int:
    """Return the descriptor of a sealed file with the bytes that `file` means."""
    size = size_of(descriptor, file)
    Room.measure().require(2 * size, f"{file}, whose signature is checked in memory,")
    copy = sealed.make("signed")
    stack.callback(os.close, copy)

    def work(link: Parent) -> str:
        send(copy, descriptor, file)
        return ""

    try:
        await in_child(work, _WITHIN, lambda _: None)
    except OSError as error:
        raise BootError(str(file), describe(error, "it took too long")) from error
    if (there := os.fstat(copy).st_size) != size:
        raise BootError(str(file), f"it is cut off: {there} bytes are there")
    sealed.seal(copy)
    os.lseek(copy, 0, os.SEEK_SET)
    return copy


def _check(link: Parent, checks: Sequence[_Check], proofs: Proofs) -> str:
    """Check the signatures, in the child, and return the signers of each in a line.

    Report the number of each before. Raise OSError for the first that is not right.
    """
    import hashlib

    packs.unpack(packs.TLS)
    cms.load()
    faults: list[str] = []
    authorities = _read_authorities(proofs, hashlib, faults)
    epoch, now = read_epoch(), time.time()
    # The loader reads by the descriptors of the parent, whose position would move.
    opened = [os.open(f"/proc/self/fd/{content}", os.O_RDONLY) for _, content, _ in checks]
    places = [place for _, _, place in checks]
    confine("probe", [link.fileno(), *opened, *places], round(_WITHIN), _MEMORY)
    signers = []
    for number, ((signature, _, place), content) in enumerate(zip(checks, opened, strict=True)):
        link.report(str(number))
        if signature.digest and _digest(content, hashlib.sha256()) != signature.digest:
            raise OSError("the file is not the one that was read before")
        try:
            text = _read(place, cms.LARGEST + 1)
            signer = cms.verify(
                content, text, authorities, proofs.fingerprints, signature.signer, now
            )
        except cms.BadSignature as error:
            clock = f"; {describe_clock(now, epoch)}" if error.code in _TIMES else ""
            raise OSError(error.errno, "; ".join([f"{error.strerror}{clock}", *faults])) from None
        signers.append(signer.replace("\n", " "))
    return "\n".join(signers)


def _read_authorities(proofs: Proofs, hashlib: Any, faults: list[str]) -> list[bytes]:
    """Return the certificates of authorities; `faults` gets those that cannot be read, in words."""
    found = []
    for path in proofs.paths:
        try:
            with open(path, "rb") as file:
                found.append(file.read(LARGEST))
            if not cms.count_certificates(found[-1]):
                faults.append(f"petipy.ca={path}: no certificate")
        except OSError as error:
            faults.append(f"petipy.ca={path}: {(error.strerror or str(error)).lower()}")
    for descriptor, name, value in proofs.fetched:
        data = _read(descriptor, LARGEST)
        # The process that fetched it has compared this, but a server may have taken it over.
        if hashlib.new(name, data).hexdigest() == value:
            found.append(data)
    return found


def _read(descriptor: int, most: int) -> bytes:
    data = b""
    while len(data) < most and (piece := os.pread(descriptor, most - len(data), len(data))):
        data += piece
    return data


def _hash(descriptor: int) -> str:
    """Return the SHA-256 of a text."""
    import hashlib

    with open(f"/proc/self/fd/{descriptor}", "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(descriptor: int, digest: Any) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    while piece := os.read(descriptor, 1 << 20):
        digest.update(piece)
    return str(digest.hexdigest())
