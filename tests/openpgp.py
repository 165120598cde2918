"""Make OpenPGP keys and signatures on the spot, with GnuPG."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOREVER = "0"


class Keys:
    """A home of GnuPG. Each key is called by its name."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home = home

    def make(self, name: str, expires: str = _FOREVER, at: str = "") -> None:
        """Make a key that signs; `at` is a time such as 20200101T000000."""
        self._run("--quick-gen-key", name, "ed25519", "sign", expires, at=at)

    def revoke(self, name: str) -> None:
        """Revoke a key by the certificate that GnuPG has made with it."""
        made = (self._home / f"openpgp-revocs.d/{self.find_fingerprint(name)}.rev").read_text()
        self._run("--import", given=made.replace(":-----BEGIN", "-----BEGIN").encode())

    def find_fingerprint(self, name: str) -> str:
        fields = self._run("--with-colons", "--list-keys", name).decode().split(":")
        return next(field for field in fields if len(field) == 40)

    def export(self, *names: str, armor: bool = False) -> bytes:
        """Return public keys: all, or those with these names."""
        return self._run(*["--armor"] * armor, "--export", *names)

    def sign(
        self, content: bytes, *names: str, options: tuple[str, ...] = (), at: str = ""
    ) -> bytes:
        """Return a detached signature of a content, by each name."""
        signers = [word for name in names for word in ("--local-user", f"={name}")]
        return self._run(*options, *signers, "--detach-sign", given=content, at=at)

    def _run(self, *words: str, given: bytes = b"", at: str = "") -> bytes:
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self._home), "--passphrase", ""]
        command += ["--pinentry-mode", "loopback", *["--faked-system-time", f"{at}!"] * bool(at)]
        done = subprocess.run([*command, *words], input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def close(self) -> None:
        """End the agent, which would outlive the test."""
        command = ["gpgconf", "--homedir", str(self._home), "--kill", "gpg-agent"]
        subprocess.run(command, check=True)


@contextmanager
def make_keys(home: Path) -> Iterator[Keys]:
    keys = Keys(home)
    try:
        yield keys
    finally:
        keys.close()
