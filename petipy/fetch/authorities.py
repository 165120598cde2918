"""The authorities of petipy.ca, whose certificates vouch for servers and for signatures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

LARGEST = 1 << 20  # bytes of a file with certificates
_FINGERPRINT = re.compile(r"(?i)(?:sha256[:=])?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})")


@dataclass(slots=True, kw_only=True)
class Authorities:
    """The authorities by the way in which their certificates are found."""

    paths: list[str] = field(default_factory=list)  # of files in the image
    fingerprints: list[str] = field(default_factory=list)  # SHA-256, in lower-case hexadecimal
    urls: list[str] = field(default_factory=list)  # URL#sha256=HEX


def sort_authorities(words: Sequence[str]) -> Authorities:
    """Return the authorities that the words of petipy.ca mean."""
    found = Authorities()
    for word in words:
        if m := _FINGERPRINT.fullmatch(word):
            found.fingerprints.append(m[1].replace(":", "").lower())
        elif "://" in word:
            found.urls.append(word)
        else:
            found.paths.append(word)
    return found
