"""Entries whose signatures nobody can check. Pure.

They never boot by themselves, since nobody has seen that the files are those that were meant.
"""

from petipy.state.model import Choice, Snapshot


def explain(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why only a person boots the choice; "" if there is no such reason."""
    if choice.entry.unchecked:
        return choice.entry.unchecked
    kinds = {signature.kind for signature in choice.signatures}
    if "cms" in kinds and not snapshot.settings.ca:
        return "it is signed, but petipy.ca names no authority"
    if "openpgp" in kinds and not snapshot.keyring:
        return "it has OpenPGP signatures, but this image has no keyring"
    return ""
