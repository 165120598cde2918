"""Sign the modules of a kernel of our own: with a key that is given, or one that the cache keeps.

The kernel holds the certificate. A kernel that is locked down loads modules with its signature
only. The same key gives the same bytes.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import BuildError, locked, need, run, say
from initramfs.kernel.options import Option

FILE = "signing.pem"  # in the build directory
OPTIONS = {
    option.name: option
    for option in (
        Option("MODULE_SIG_ALL", "y", "signing", "each module gets a signature"),
        Option("MODULE_SIG_KEY", f'"{FILE}"', "signing", "the key"),
    )
}
# The fields of a certificate for the kernel's build: certs/Makefile, certs/default_x509.genkey.
_REQUEST = """\
[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
CN = Petipy: kernel modules
[extensions]
basicConstraints = critical,CA:FALSE
keyUsage = digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and its certificate, as one PEM file and the certificate alone (DER)."""

    pem: bytes
    certificate: bytes


def take_key(given: Path | None, cache: Path) -> Key:
    """Return the given key, or the one in the cache, which is drawn once. Raise BuildError."""
    need({"openssl": "openssl"})
    path = given or cache / "kernel" / "signing-key.pem"
    if given is None and not path.exists():  # meanwhile another build may compile for long
        with locked(path.parent):
            if not path.exists():
                _draw(path)
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path}: {error.strerror}") from error
    try:
        certificate = run(["openssl", "x509", "-outform", "DER"], feed=pem)
        held = run(["openssl", "x509", "-noout", "-pubkey"], feed=pem)
        own = run(["openssl", "pkey", "-pubout", "-passin", "pass:"], feed=pem)
    except BuildError as error:
        raise BuildError(f"{path}: not a private key with its certificate, as PEM") from error
    if held != own:
        raise BuildError(f"{path}: the certificate is of another key")
    if not is_rsa(own):
        raise BuildError(f"{path}: the kernel checks signatures of RSA keys only")
    return Key(pem, certificate)


def is_rsa(public: bytes) -> bool:
    """Return True for a public key, as PEM, whose algorithm is rsaEncryption (RFC 3279)."""
    der = run(["openssl", "pkey", "-pubin", "-outform", "DER"], feed=public)
    return b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" in der[:40]


def _draw(path: Path) -> None:
    say(f"drawing a key for kernel modules: {path}")
    with tempfile.TemporaryDirectory(dir=path.parent) as room:
        request, key, certificate = (Path(room, name) for name in ("request", "key", "certificate"))
        request.write_text(_REQUEST)
        command = ["openssl", "req", "-new", "-x509", "-nodes", "-newkey", "rsa:3072", "-sha256"]
        command += ["-days", "36500", "-config", str(request)]
        run([*command, "-keyout", key, "-out", certificate])
        whole = Path(room, "whole")
        whole.touch(0o600)
        whole.write_bytes(key.read_bytes() + certificate.read_bytes())
        whole.replace(path)
