"""OpenPGP signatures of the files of a boot, made by GnuPG."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from petipy.boot import openpgp
from petipy.boot.plan import BootError, Plan, plan
from petipy.state.model import Edit, File, Signature
from petipy.sys.forked import Work, in_child
from tests.boot.test_download import SITE
from tests.boot.test_signatures import CONTENT, INITRD, PLACE, load, make_choice
from tests.openpgp import Keys, make_keys

LONG_AGO = "20200101T000000"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with make_keys(tmp_path_factory.mktemp("gpg") / "home") as made:
        for name in ("Release key", "Second key", "Stranger", "Withdrawn"):
            made.make(name)
        made.make("Old key", "1y", at=LONG_AGO)
        yield made


@pytest.fixture(scope="module")
def keyring(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The keyring of the image, without the stranger."""
    keys_of_image = ("Release key", "Second key", "Old key", "Withdrawn")
    file = tmp_path_factory.mktemp("image") / "keyring.gpg"
    file.write_bytes(keys.export(*keys_of_image))
    return str(file)


def signed(*, place: File = PLACE, file: File = INITRD, digest: str = "") -> Plan:
    """Return the plan of an entry whose initrd has to be signed."""
    return plan(make_choice(Signature(file, place, "", digest, "openpgp")), None)


def refuse(todo: Plan, files: Mapping[str, bytes], keyring: str) -> str:
    """Return the reason why a plan does not boot."""
    with pytest.raises(BootError) as caught:
        load(todo, files, (), keyring=keyring)
    return str(caught.value)


def test_a_right_signature_boots_and_the_log_names_the_signer(keys: Keys, keyring: str) -> None:
    signature = keys.sign(CONTENT, "Release key")
    first, last = load(signed(), {"initrd.sig": signature}, (), keyring=keyring)
    assert first == "initrd: the signature is right (by Release key)"
    assert last.startswith("loaded ")
    both = keys.sign(CONTENT, "Release key", "Second key", options=("--armor",))
    assert "(by Release key, Second key)" in load(
        signed(), {"initrd.sig": both}, (), keyring=keyring
    )[0].replace("Second key, Release key", "Release key, Second key")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda k: None, "its signature is not there: fetch: http://192.0.2.1/initrd.sig: 404"),
        (lambda k: k.sign(CONTENT, "Stranger"), "the keyring of this image lacks its key, "),
        (lambda k: k.sign(b"another", "Release key"), "it is damaged, or the signature of another"),
        (
            lambda k: k.sign(CONTENT, "Old key", at=LONG_AGO),
            "its key has expired: Old key; this ma",
        ),
        (lambda k: k.sign(CONTENT, "Release key")[:-7], "it is no OpenPGP signature, or cut off"),
        (lambda k: b"", "it is no OpenPGP signature, or cut off"),
        (lambda k: b"<html>404</html>", "it is no OpenPGP signature, or cut off"),
        (lambda k: k.export("Release key"), "it is no OpenPGP signature, or cut off"),
        (lambda k: bytes((1 << 20) + 1), "which is too large for a signature"),
        (
            lambda k: k.sign(CONTENT, "Release key", options=("--digest-algo", "SHA1")),
            "its algorithms are too weak or unknown",
        ),
        (
            lambda k: k.sign(CONTENT, "Release key", options=("--textmode",)),
            "it is the signature of a text, not of a file",
        ),
        # Each signature has to be right.
        (lambda k: k.sign(CONTENT, "Release key", "Stranger"), "the keyring of this image lacks"),
        (
            lambda k: k.sign(CONTENT, "Release key") + k.sign(b"x", "Second key"),
            "it is damaged, or",
        ),
    ],
)
def test_a_bad_signature_is_refused_with_its_reason(
    keys: Keys, keyring: str, make: Callable[[Keys], bytes | None], why: str
) -> None:
    signature = make(keys)
    files = {} if signature is None else {"initrd.sig": signature}
    words = refuse(signed(), files, keyring)
    assert words.startswith("initrd: ")
    assert why in words


def test_a_key_that_is_revoked_in_the_keyring_does_not_count(keys: Keys, tmp_path: Path) -> None:
    signature = keys.sign(CONTENT, "Withdrawn")
    keys.revoke("Withdrawn")
    (tmp_path / "keyring").write_bytes(keys.export("Withdrawn"))
    words = refuse(signed(), {"initrd.sig": signature}, str(tmp_path / "keyring"))
    assert "its key is revoked: Withdrawn" in words


def test_a_clock_that_is_late_does_not_matter(keys: Keys, keyring: str) -> None:
    later = keys.sign(CONTENT, "Release key", at="20350101T000000")
    assert load(signed(), {"initrd.sig": later}, (), keyring=keyring)


def test_without_a_keyring_nothing_is_checked_and_the_log_says_so(keys: Keys) -> None:
    warning, _ = load(signed(), {}, ())
    assert warning == "the signatures of a are not checked: this image has no keyring"
    # Authorities are of no use for these.
    assert load(signed(), {}, ["/etc/ca.pem"])[0] == warning


def test_a_keyring_without_its_verifier_boots_nothing(
    keys: Keys, keyring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openpgp, "PROGRAM", "/usr/bin/no-gpgv")
    words = refuse(signed(), {"initrd.sig": keys.sign(CONTENT, "Release key")}, keyring)
    assert "No such file or directory" in words


def test_the_bytes_that_are_checked_are_those_that_boot(
    keys: Keys, keyring: str, tmp_path: Path
) -> None:
    """A disk may answer differently the next time: here it does so after each step of the boot."""
    (tmp_path / "initrd").write_bytes(CONTENT)
    (tmp_path / "initrd.sig").write_bytes(keys.sign(CONTENT, "Release key"))
    initrd = File(device="vda2", path="/initrd")
    signature = Signature(initrd, replace(initrd, path="/initrd.sig"), "", "", "openpgp")
    todo = plan(make_choice(signature, initrd), None)

    async def child(work: Work, within: float, receive: Callable[[str], None]) -> str:
        answer = await in_child(work, within, receive)
        (tmp_path / "initrd").write_bytes(b"evil")
        return answer

    lines = load(todo, {}, (), keyring=keyring, disk=tmp_path, child=child)
    assert lines[-1] == f"loaded {SITE}/vmlinuz by {CONTENT[:99].decode()} quiet"


def test_a_configuration_has_to_be_the_one_that_was_read(
    keys: Keys, keyring: str, tmp_path: Path
) -> None:
    text = b"menuentry a { linux /vmlinuz }"
    config, place = (File(device="vda2", path=f"/{name}") for name in ("a.cfg", "a.cfg.sig"))
    todo = signed(file=config, place=place, digest=sha256(text).hexdigest())
    (tmp_path / "a.cfg").write_bytes(text)
    (tmp_path / "a.cfg.sig").write_bytes(keys.sign(text, "Release key"))
    assert load(todo, {}, (), keyring=keyring, disk=tmp_path)
    # Another text, be it with a right signature.
    (tmp_path / "a.cfg").write_bytes(text + b"\n")
    (tmp_path / "a.cfg.sig").write_bytes(keys.sign(text + b"\n", "Release key"))
    with pytest.raises(BootError, match=r"a\.cfg: .* not the one that was read before"):
        load(todo, {}, (), keyring=keyring, disk=tmp_path)


def test_a_file_that_only_the_script_looks_at_is_checked_too(
    keys: Keys, keyring: str, tmp_path: Path
) -> None:
    token, place = (File(device="vda2", path=f"/{name}") for name in ("token", "token.sig"))
    (tmp_path / "token").write_bytes(b"yes")
    (tmp_path / "token.sig").write_bytes(keys.sign(b"no", "Release key"))
    with pytest.raises(BootError, match=r"token: .* another content"):
        load(signed(file=token, place=place), {}, (), keyring=keyring, disk=tmp_path)
    (tmp_path / "token").write_bytes(b"no")
    assert load(signed(file=token, place=place), {}, (), keyring=keyring, disk=tmp_path)


def test_an_edit_keeps_what_was_checked_about_its_script() -> None:
    config = Signature(File(device="vda2", path="/a.cfg"), PLACE, "", "00", "openpgp")
    picked = make_choice(config)
    edit = Edit(kernel=f"{SITE}/mine", initrds=(), cmdline="single")
    assert plan(picked, edit).signatures == (config,)


SCRIPT = """\
#!/bin/sh
echo x > {room}/written || echo it cannot write
(exit 0)
echo it can fork
"""


def test_a_check_that_is_taken_over_can_neither_write_nor_start_programs(
    keyring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def listen(status: int, output: str) -> str:
        said.append(output)
        return ""

    monkeypatch.setattr(openpgp, "_judge", listen)
    with tempfile.TemporaryDirectory() as room:  # of which everybody may read
        program = Path(room, "gpgv")
        program.write_text(SCRIPT.format(room=room))
        for path in (program, program.parent):
            path.chmod(0o777)
        monkeypatch.setattr(openpgp, "PROGRAM", str(program))
        load(signed(), {"initrd.sig": b"x"}, (), keyring=keyring)
        assert not (program.parent / "written").exists()
    assert said == ["it cannot write\n"]
