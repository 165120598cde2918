"""Make certificates on the spot: an authority, and servers' certificates that it signs."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from initramfs.host import run

CONFIGURATION = """\
[ca]
default_ca = own
[own]
database = index.txt
serial = serial.txt
rand_serial = yes
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path

    def sign_file(self, file: Path, *options: str, digest: str = "sha256") -> bytes:
        """Return a detached CMS signature of a file, in DER, as iPXE's users make it."""
        words = ["openssl", "cms", "-sign", "-binary", "-noattr", "-in", str(file)]
        words += ["-signer", str(self.certificate), "-inkey", str(self.key), "-md", digest]
        words += ["-outform", "DER", *options]
        return subprocess.run(words, capture_output=True, check=True).stdout

    @property
    def nginx(self) -> str:
        """Return the lines of a "server" block for it."""
        return f"ssl_certificate {self.certificate}; ssl_certificate_key {self.key};"


class Authority:
    """A certificate authority in a directory, with keys on the curve P-256."""

    def __init__(self, room: Path, name: str = "Petipy test CA") -> None:
        room.mkdir(parents=True, exist_ok=True)
        self.certificate = room / "ca.pem"
        self._room = room
        (room / "index.txt").touch()
        (room / "ca.cnf").write_text(CONFIGURATION)
        subject = ["-subj", f"/CN={name}", "-days", "3650"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        key = _new_key(room / "ca.key")
        run(["openssl", "req", "-x509", *key, *subject, *usage, "-out", self.certificate])

    def sign(
        self,
        *names: str,
        begins: datetime | None = None,
        ends: datetime | None = None,
        usage: str = "serverAuth",
        key_usage: str = "digitalSignature",
    ) -> Certificate:
        """Return a certificate for names and addresses ("boot.test", "IP:192.0.2.1").

        It is valid from yesterday for a year, unless `begins` or `ends` says otherwise.
        """
        stem = f"{usage}-{len(list(self._room.glob('*.csr')))}"
        key, request, made = (self._room / f"{stem}.{kind}" for kind in ("key", "csr", "pem"))
        alternatives = ",".join(n if n.startswith("IP:") else f"DNS:{n}" for n in names)
        extensions = ["-addext", f"subjectAltName={alternatives}"]
        extensions += ["-addext", f"extendedKeyUsage={usage}"] if usage else []
        extensions += ["-addext", f"keyUsage={key_usage}"] if key_usage else []
        subject = ["-subj", f"/CN={names[0].removeprefix('IP:')}"]
        run(["openssl", "req", "-new", *_new_key(key), *subject, *extensions, "-out", request])
        now = datetime.now(UTC)
        dates = [begins or now - timedelta(days=1), ends or now + timedelta(days=365)]
        begin, end = (f"{date:%Y%m%d%H%M%SZ}" for date in dates)
        command = ["openssl", "ca", "-batch", "-notext", "-config", "ca.cnf"]
        command += ["-startdate", begin, "-enddate", end, "-in", request.name, "-out", made.name]
        run(command, cwd=self._room)
        return Certificate(certificate=made, key=key)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the authority's certificate, in lower-case hexadecimal."""
        return fingerprint(self.certificate)


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 of a certificate, in lower-case hexadecimal."""
    words = ["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return said.strip().rpartition("=")[2].replace(":", "").lower()


def _new_key(file: Path) -> Sequence[str | Path]:
    """Return the options of `openssl req` for a new key in this file."""
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file]
