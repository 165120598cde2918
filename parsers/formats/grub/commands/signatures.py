"""Signatures that a configuration wants GRUB to check. They are not checked here.

GRUB checks OpenPGP signatures (check_signatures, verify_detached) and, on Power, those appended to
a kernel (check_appended_signatures). The keys are in GRUB's own image. To check the former, gpgv
and its libraries would take 1.0 MB of the image, compressed, or sqv and its own 1.4 MB.
"""

from collections.abc import Sequence

from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.shell import Shell

_PGP = "OpenPGP signatures"
_VARIABLES = {"check_signatures": _PGP, "check_appended_signatures": "appended signatures"}


@command("verify_detached")
def verify_detached(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Note that a signature is to be checked, and take it to be right."""
    if len(arguments) < 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    shell.wants_check = True
    return 0


def explain_unchecked(shell: Shell) -> str:
    """Return in words which signatures nobody checks; "" if the configuration wants none."""
    wanted = [kind for name, kind in _VARIABLES.items() if shell.env[name] in ("enforce", "forced")]
    if shell.wants_check and not wanted:
        wanted = [_PGP]
    if not wanted:
        return ""
    return f"its configuration wants {' and '.join(wanted)} to be checked, which is not supported"
