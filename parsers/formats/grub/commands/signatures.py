"""Signatures that a configuration wants GRUB to check.

The OpenPGP signatures of check_signatures and verify_detached are checked when the entry boots: see
run.checks. Those appended to a kernel (check_appended_signatures, on Power) are not.

GRUB's keys are in its own image, where nobody can read them, and Petipy has its own. A key that a
script adds proves nothing: whoever can change a file can change the key beside it. So `trust` has
no effect, and a signature by such a key will not do.
"""

from collections.abc import Sequence

from parsers.api import FileRef
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell

_OPTIONS = Options("--skip-sig|-s", usage="[-s] FILE SIGNATURE_FILE [PUBKEY_FILE]")


@command("verify_detached")
def verify_detached(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Note that a signature is to be checked, and take it to be right."""
    _, words = _OPTIONS.read(arguments)
    if len(words) < 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    file, place = (shell.file(str(word)) for word in words[:2])
    shell.checks.add(file, place)
    if len(words) > 2:
        shell.checks.refuse(f"an OpenPGP signature by a key of its own, {words[2]},")
    return 0


@command("distrust")
def distrust(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Note that a key no longer counts."""
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    shell.checks.refuse(f"OpenPGP signatures by any key but {arguments[0]}")
    return 0


def explain_unchecked(shell: Shell, files: Sequence[FileRef]) -> str:
    """Return in words which signatures nobody checks; "" if the configuration wants none."""
    found = [shell.checks.explain(files)]
    if shell.env["check_appended_signatures"] in ("enforce", "forced"):
        found.append("appended signatures")
    if not any(found):
        return ""
    wanted = " and ".join(filter(None, found))
    return f"its configuration wants {wanted} to be checked, which is not supported"
