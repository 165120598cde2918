"""Signatures of the files of a boot, made by the program that administrators use."""

import asyncio
import os
import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from parsers.api import FileRef, SignatureRef
from petipy.boot import steps
from petipy.boot.opener import Opener
from petipy.boot.plan import BootError, Plan, plan
from petipy.log import Log
from petipy.state.boots import Progress
from petipy.state.model import Choice, Device, Edit, File, Signature
from petipy.sys import cms
from petipy.sys.forked import Parent, Work, in_child
from tests.boot.test_download import SITE, Server
from tests.boot.test_steps import Machine
from tests.network.authority import Authority, Certificate, fingerprint
from tests.samples import choice, entry

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
KERNEL, INITRD, PLACE = (File(url=f"{SITE}/{name}") for name in ("vmlinuz", "initrd", "initrd.sig"))
CONTENT = b"the initrd" * 1000


class Signers:
    """An authority, its code signers, and others whose signatures must not count."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.authority = Authority(room / "ca")
        self.other = Authority(room / "other", "Another CA")
        self.good = self.code("Release key")
        self.second = self.code("Second key")
        self.stranger = self.other.sign("Release key", usage="codeSigning")

    def code(self, name: str, **more: object) -> Certificate:
        return self.authority.sign(name, **{"usage": "codeSigning", **more})  # type: ignore[arg-type]

    def sign(self, signer: Certificate, content: bytes = CONTENT, *options: str) -> bytes:
        file = self.room / "content"
        file.write_bytes(content)
        return signer.sign_file(file, *options)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    return Signers(tmp_path_factory.mktemp("signers"))


def signed(name: str = "", *, place: File = PLACE, file: File = INITRD, digest: str = "") -> Plan:
    """Return the plan of an entry whose initrd has to be signed."""
    return plan(make_choice(Signature(file, place, name, digest)), None)


def make_choice(signature: Signature, initrd: File = INITRD) -> Choice:
    ref = SignatureRef(file=FileRef(url="a"), place=FileRef(url="b"))
    return choice(
        "a",
        kernel=KERNEL,
        initrds=(initrd,),
        entry=entry("a", cmdline="quiet", signatures=(ref,)),
        signatures=(signature,),
    )


def load(
    todo: Plan,
    files: Mapping[str, bytes],
    authorities: Sequence[object],
    *,
    disk: Path | None = None,
    child: steps.InChild = in_child,
    keyring: str = "",
) -> list[str]:
    """Load with files by their names on the server. Return the log; its last line has the files."""
    served = {f"{SITE}/vmlinuz": b"KERNEL", f"{SITE}/initrd": CONTENT}
    server = Server(served | {f"{SITE}/{name}": data for name, data in files.items()})

    async def open_files(
        files: Sequence[File], devices: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        return [os.open(f"{disk}{file.path}", os.O_RDONLY) for file in files]

    opener = Opener(open_files, lambda: (), server.fetch)
    log, before = Log(files=()), len(list(Path("/proc/self/fd").iterdir()))
    words = [str(word) for word in authorities]
    try:
        shown: list[Progress | None] = []
        keys: dict[str, Any] = {"authorities": words, "keyring": keyring}
        asyncio.run(steps.load(todo, Machine(), opener, child, log, shown.append, **keys))
    finally:
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    return [line.text for line in log.lines]


def refuse(todo: Plan, signature: bytes | None, authorities: Sequence[object]) -> str:
    """Return the reason why a plan does not boot."""
    with pytest.raises(BootError) as caught:
        load(todo, {} if signature is None else {"initrd.sig": signature}, authorities)
    return str(caught.value)


def test_a_file_with_a_right_signature_boots_and_the_log_names_the_signer(signers: Signers) -> None:
    lines = load(
        signed(), {"initrd.sig": signers.sign(signers.good)}, [signers.authority.certificate]
    )
    assert lines == [
        "initrd: the signature is right (by Release key)",
        f"loaded {SITE}/vmlinuz by {CONTENT[:99].decode()} quiet",
    ]


def test_a_fingerprint_names_an_authority_whose_certificate_the_signature_contains(
    signers: Signers,
) -> None:
    chain = ["-certfile", str(signers.authority.certificate)]
    signature = signers.sign(signers.good, CONTENT, *chain)
    assert load(signed(), {"initrd.sig": signature}, [signers.authority.fingerprint])
    # The signer itself may be named.
    alone = signers.sign(signers.good)
    assert load(signed(), {"initrd.sig": alone}, [fingerprint(signers.good.certificate)])
    assert "unknown authority" in refuse(signed(), alone, [signers.authority.fingerprint])


def test_an_authority_is_fetched_if_its_checksum_is_known(signers: Signers) -> None:
    data = signers.authority.certificate.read_bytes()
    files = {"initrd.sig": signers.sign(signers.good)}
    url = f"{SITE}/ca.pem#sha256={sha256(data).hexdigest()}"
    key = url.removeprefix(f"{SITE}/")
    assert load(signed(), files | {key: data}, [url])
    # A process that fetches may have been taken over: the checksum is compared once more.
    with pytest.raises(BootError, match="unknown authority"):
        load(signed(), files | {key: data + b"\n"}, [url])
    with pytest.raises(BootError, match="unknown authority"):
        load(signed(), files, [url])  # nobody has it


def test_the_bundle_of_the_image_does_not_vouch_for_signatures(
    signers: Signers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(signers.authority.certificate))
    words = refuse(signed(), signers.sign(signers.good), [signers.other.certificate])
    assert words == f"initrd: signature {PLACE}: signed by an unknown authority"


def test_a_signature_counts_if_its_signer_has_the_wanted_name(signers: Signers) -> None:
    signer = signers.authority.sign("Builds", "release.test", usage="codeSigning")
    signature = signers.sign(signer)
    for name in ("Builds", "release.test"):
        assert load(signed(name), {"initrd.sig": signature}, [signers.authority.certificate])
    for name in ("Build", "builds.test", ".test", "*.test", "ease.test"):
        words = refuse(signed(name), signature, [signers.authority.certificate])
        assert words == f"initrd: signature {PLACE}: no signer of it is called {name}"


def test_of_two_signers_both_have_to_be_right_unless_one_is_named(signers: Signers) -> None:
    also = ["-signer", str(signers.stranger.certificate), "-inkey", str(signers.stranger.key)]
    both = signers.sign(signers.second, CONTENT, *also)
    assert load(signed("Second key"), {"initrd.sig": both}, [signers.authority.certificate])
    assert "unknown authority" in refuse(signed(), both, [signers.authority.certificate])
    assert load(
        signed(),
        {"initrd.sig": both},
        [signers.authority.certificate, signers.other.certificate],
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda s: None, "its signature is not there: fetch: http://192.0.2.1/initrd.sig: 404"),
        (lambda s: s.sign(s.stranger), "signed by an unknown authority"),
        (lambda s: s.sign(s.good, b"another"), "it is damaged, or the signature of another conte"),
        (lambda s: s.sign(s.good)[:-7], "it is no CMS signature in DER, or cut off"),
        (lambda s: s.sign(s.good) + b"\n", "bytes follow after its end"),
        (lambda s: b"", "it is no CMS signature in DER, or cut off"),
        (lambda s: b"<html>404</html>", "it is no CMS signature in DER, or cut off"),
        (lambda s: bytes(cms.LARGEST + 1), "which is too large for a signature"),
        (lambda s: s.sign(s.good, CONTENT, "-nocerts"), "it lacks the certificate of its signer"),
        (lambda s: s.sign(s.code("x", usage="")), "not for signing code (extendedKeyUsage)"),
        (lambda s: s.sign(s.code("x", usage="serverAuth")), "not for signing code"),
        (lambda s: s.sign(s.code("x", key_usage="")), "not for digital signatures (keyUsage)"),
        (lambda s: s.sign(s.code("x", key_usage="keyEncipherment")), "not for digital signatures"),
        (
            lambda s: s.sign(s.code("x", begins=NOW - 9 * DAY, ends=NOW - DAY)),
            "certificate has expired; this machine's clock says 2",
        ),
        (
            lambda s: s.sign(s.code("x", begins=NOW + DAY, ends=NOW + 9 * DAY)),
            "certificate is not yet valid; this machine's clock says 2",
        ),
        (lambda s: s.good.sign_file(s.room / "content", digest="sha1"), "its digest is too weak"),
    ],
)
def test_a_bad_signature_is_refused_with_its_reason(
    signers: Signers, make: Callable[[Signers], bytes | None], why: str
) -> None:
    (signers.room / "content").write_bytes(CONTENT)
    words = refuse(signed(), make(signers), [signers.authority.certificate])
    assert words.startswith("initrd: ")
    assert why in words


def test_a_message_that_nobody_signed_is_no_signature(signers: Signers) -> None:
    """OpenSSL takes it for a right one."""
    words = ["openssl", "crl2pkcs7", "-nocrl", "-outform", "DER"]
    words += ["-certfile", str(signers.good.certificate)]
    made = subprocess.run(words, capture_output=True, check=True).stdout
    assert "nobody has signed it" in refuse(signed(), made, [signers.authority.certificate])


def test_a_signer_that_is_no_authority_signs_no_other_signer(signers: Signers) -> None:
    room = signers.room / "below"
    made = Authority(room)
    # The good signer's key and certificate in the place of an authority's.
    (room / "ca.pem").write_bytes(signers.good.certificate.read_bytes())
    (room / "ca.key").write_bytes(signers.good.key.read_bytes())
    below = made.sign("below", usage="codeSigning")
    signature = signers.sign(below, CONTENT, "-certfile", str(signers.good.certificate))
    words = refuse(signed(), signature, [signers.authority.certificate])
    assert words == f"initrd: signature {PLACE}: invalid CA certificate"


def test_content_within_the_signature_does_not_count(signers: Signers) -> None:
    attached = signers.sign(signers.good, b"another", "-nodetach")
    assert "another content" in refuse(signed(), attached, [signers.authority.certificate])


def test_an_authority_that_cannot_be_read_is_named_with_the_failure(signers: Signers) -> None:
    (signers.room / "empty.pem").write_text("nothing")
    names = [signers.room / "gone.pem", signers.room / "empty.pem"]
    words = refuse(signed(), signers.sign(signers.good), names)
    assert f"petipy.ca={names[0]}: no such file or directory" in words
    assert f"petipy.ca={names[1]}: no certificate" in words


def test_without_an_authority_nothing_is_checked_and_the_log_says_so() -> None:
    warning, _ = load(signed(), {}, [])
    assert warning == "the signatures of a are not checked: petipy.ca is not set"


def test_a_thousand_damaged_signatures_are_refused_or_mean_the_same(signers: Signers) -> None:
    signature = signers.sign(signers.good)
    authority = signers.authority.certificate.read_bytes()
    draw = random.Random(1)
    damaged = []
    for _ in range(1000):
        copy = bytearray(signature)
        for _ in range(draw.randint(1, 3)):
            copy[draw.randrange(len(copy))] = draw.randrange(256)
        if draw.random() < 0.2:
            del copy[draw.randrange(len(copy)) :]
        damaged.append(bytes(copy))
    outcomes = asyncio.run(in_child(_try_all(damaged, authority), 300))
    assert outcomes.count("r") + outcomes.count("o") == 1000
    # Few bytes do not matter: one that is drawn anew may be the same, and some have no meaning.
    assert outcomes.count("o") < 50


def _try_all(signatures: Sequence[bytes], authority: bytes) -> Work:
    """Return a work whose answer has a letter for each signature: refused, or right (o)."""

    def work(link: Parent) -> str:
        content = os.memfd_create("content")
        os.write(content, CONTENT)
        outcome = ""
        for signature in signatures:
            try:
                name = cms.verify(content, signature, [authority], (), "", NOW.timestamp())
            except cms.BadSignature:
                outcome += "r"
            else:
                assert name == "Release key"
                outcome += "o"
        return outcome

    return work


def test_the_bytes_that_are_checked_are_those_that_boot(signers: Signers, tmp_path: Path) -> None:
    """A disk may answer differently the next time: here it does so after the check."""
    (tmp_path / "initrd").write_bytes(CONTENT)
    (tmp_path / "initrd.sig").write_bytes(signers.sign(signers.good))
    initrd = File(device="vda2", path="/initrd")
    signature = Signature(initrd, File(device="vda2", path="/initrd.sig"), "", "")
    todo = plan(make_choice(signature, initrd), None)

    async def child(work: Work, within: float, receive: Callable[[str], None]) -> str:
        answer = await in_child(work, within, receive)
        (tmp_path / "initrd").write_bytes(b"evil")
        return answer

    lines = load(todo, {}, [signers.authority.certificate], disk=tmp_path, child=child)
    assert (tmp_path / "initrd").read_bytes() == b"evil"
    assert lines[-1] == f"loaded {SITE}/vmlinuz by {CONTENT[:99].decode()} quiet"


def test_a_part_of_a_file_and_a_packed_file_are_checked_as_they_are_on_the_disk(
    signers: Signers, tmp_path: Path
) -> None:
    (tmp_path / "image").write_bytes(b"...." + CONTENT + b"....")
    (tmp_path / "sig").write_bytes(signers.sign(signers.good))
    part = File(
        device="vda2", path="/image", offset=4, size=len(CONTENT), packed="etc/x", mode=0o644
    )
    signature = Signature(part, File(device="vda2", path="/sig"), "", "")
    lines = load(
        plan(make_choice(signature, part), None),
        {},
        [signers.authority.certificate],
        disk=tmp_path,
    )
    assert "070701" in lines[-1]


def test_a_script_that_led_to_the_entry_is_fetched_again_and_has_to_be_the_same(
    signers: Signers,
) -> None:
    text = b"#!ipxe\nkernel vmlinuz\nboot\n"
    script, place = File(url=f"{SITE}/a.ipxe"), File(url=f"{SITE}/a.sig")
    todo = signed(file=script, place=place, digest=sha256(text).hexdigest())
    files = {"a.ipxe": text, "a.sig": signers.sign(signers.good, text)}
    assert load(todo, files, [signers.authority.certificate])
    other = text + b"#"
    with pytest.raises(BootError, match=r"a\.ipxe: .* not the one that was read before"):
        load(
            todo,
            {"a.ipxe": other, "a.sig": signers.sign(signers.good, other)},
            [signers.authority.certificate],
        )


def test_an_edit_keeps_the_signatures_of_the_files_that_it_keeps() -> None:
    picked = make_choice(Signature(INITRD, PLACE, "", ""))
    same = Edit(kernel=str(KERNEL), initrds=(str(INITRD),), cmdline="single")
    assert plan(picked, same).signatures == picked.signatures
    other = Edit(kernel=str(KERNEL), initrds=(f"{SITE}/mine",), cmdline="single")
    assert plan(picked, other).signatures == ()


def test_a_signature_on_an_absent_device_keeps_the_entry_from_booting() -> None:
    picked = make_choice(Signature(INITRD, PLACE, "", ""))
    lacking = Choice(
        id="a", format="ipxe", device="eth0", entry=picked.entry, kernel=KERNEL, initrds=(INITRD,)
    )
    for edit in (None, Edit(kernel=str(KERNEL), initrds=(str(INITRD),), cmdline="")):
        with pytest.raises(BootError, match="a signature is on a device that is not there"):
            plan(lacking, edit)


def test_a_signature_of_a_file_that_does_not_boot_is_no_excuse(signers: Signers) -> None:
    todo = signed(file=File(url=f"{SITE}/other"))
    with pytest.raises(BootError, match="other: it has a signature, and is none of the files"):
        load(todo, {"initrd.sig": b""}, [signers.authority.certificate])


@pytest.mark.parametrize("report", ["", "1", "-1", "x"])
def test_a_senseless_report_of_the_check_fails_the_boot(signers: Signers, report: str) -> None:
    async def child(work: Work, within: float, receive: Callable[[str], None]) -> str:
        def say(link: Parent) -> str:
            link.report(report)
            return ""

        return await in_child(say, within, receive)

    with pytest.raises(BootError, match=r"initrd: signature .* senseless report"):
        load(
            signed(),
            {"initrd.sig": signers.sign(signers.good)},
            [signers.authority.certificate],
            child=child,
        )
