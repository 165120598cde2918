"""Keys for the modules of a kernel of our own."""

import shutil
from pathlib import Path

import pytest

from initramfs.archive import Package
from initramfs.host import BuildError, run
from initramfs.kernel import options, signing, tailored
from initramfs.kernel.signing import Key, take_key

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")


def split(pem: bytes) -> tuple[bytes, bytes]:
    """Return private key and certificate."""
    begin = pem.index(b"-----BEGIN CERTIFICATE")
    return pem[:begin], pem[begin:]


def test_a_key_is_drawn_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    key = take_key(None, tmp_path)
    (path,) = (tmp_path / "kernel").glob("*.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == key.pem
    assert take_key(None, tmp_path) == key
    assert take_key(path, tmp_path / "elsewhere") == key


@pytest.mark.parametrize("part", ["key", "certificate", "other", "nothing"])
def test_a_file_that_cannot_sign_is_named(part: str, tmp_path: Path) -> None:
    private, certificate = split(take_key(None, tmp_path).pem)
    other, _ = split(take_key(None, tmp_path / "second").pem)
    contents = {"key": private, "certificate": certificate, "other": other + certificate}
    given = tmp_path / "given.pem"
    given.write_bytes(contents.get(part, b""))
    with pytest.raises(BuildError, match=r"given\.pem: (not a private key|the certificate is of)"):
        take_key(given, tmp_path)


def test_a_key_whose_signatures_the_kernel_cannot_check_is_named(tmp_path: Path) -> None:
    given = tmp_path / "given.pem"
    command = ["openssl", "req", "-new", "-x509", "-nodes", "-subj", "/CN=x"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    run([*command, "-keyout", given, "-out", tmp_path / "certificate"])
    given.write_bytes(given.read_bytes() + (tmp_path / "certificate").read_bytes())
    with pytest.raises(BuildError, match=r"given\.pem: .* RSA keys only"):
        take_key(given, tmp_path)


def test_a_key_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"none\.pem: No such file"):
        take_key(tmp_path / "none.pem", tmp_path)


def test_kernels_that_hold_other_certificates_lie_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailored, "run", lambda argv: b"compiler 1.0\n")
    source = Package("linux-source-1", "1.0~rc1-1", Path("/pool/linux-source-1_0123.deb"))
    keys = (None, Key(b"", b"one"), Key(b"", b"two"))
    names = {tailored.make_name(source, "amd64", key) for key in keys}
    assert len(names) == 3
    assert all(name.startswith("amd64-1.0-rc1-1-") for name in names)


def test_a_kernel_that_nobody_signs_for_holds_no_key() -> None:
    """The kernel's own build would draw one each time, and no two kernels would be alike."""
    for architecture in tailored.TARGETS:
        wanted = options.merge(architecture)
        assert wanted["MODULE_SIG_KEY"].value == '""'
        assert {**wanted, **signing.OPTIONS}["MODULE_SIG_KEY"].value == f'"{signing.FILE}"'


@pytest.mark.parametrize(
    ("done", "seconds", "words"),
    [
        (150, 20, "compiled 4 %"),
        (1000, 120, "compiled 25 %, 6 min left"),
        (3990, 600, "compiled 99 %, 1 min left"),
        (5000, 600, "compiled 99 %, 1 min left"),  # the source has grown
    ],
)
def test_progress_tells_how_long_the_rest_takes(done: int, seconds: float, words: str) -> None:
    assert tailored.estimate(done, 4000, seconds) == words
