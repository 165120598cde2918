"""SHA-256 where nothing can be imported any more.

A confined scan must not look for a module: the files around it are a stranger's. Debian's
interpreter has the code built in.
"""

import sys
from importlib import import_module

# Python's own code since 3.12, then before that, and the module that chooses among several.
_MODULES = ("_sha2", "_sha256", "hashlib")


def find_sha256(text: str) -> str:
    """Return the SHA-256 of a text of api.Files in hexadecimal; "" if this process cannot."""
    for name in _MODULES:
        if name in sys.modules or name in sys.builtin_module_names:
            data = text.encode("utf-8", "surrogateescape")
            return str(import_module(name).sha256(data).hexdigest())
    return ""
