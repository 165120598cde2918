"""Entries that nobody can check. Pure.

Nobody has seen that the files are those that were meant, or that the person who changed an entry
had the right to. So they never boot by themselves.
"""

from petipy.state.access import find_boot_locks
from petipy.state.model import Choice, Snapshot


def explain(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why only a person boots the choice; "" if there is no such reason."""
    if choice.entry.unchecked:
        return choice.entry.unchecked
    kinds = {signature.kind for signature in choice.signatures} if choice.signatures else ()
    if "cms" in kinds and not snapshot.settings.ca:
        return "it is signed, but petipy.ca names no authority"
    if "openpgp" in kinds and not snapshot.keyring:
        return "it has OpenPGP signatures, but this image has no keyring"
    if choice.base and (locks := find_boot_locks(choice, snapshot)):
        reason = next((lock.reason for lock in locks if lock.reason), "")
        return reason.rstrip(".") or "it takes a password to change the entry that it is made of"
    return ""
