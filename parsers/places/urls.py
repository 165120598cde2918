"""URLs as boot loaders write them. Pure; urllib would cost its import, and cannot join tftp's."""

import re
from posixpath import normpath

_URL = re.compile(
    r"(?P<root>[a-z][a-z0-9+.-]*://[^/?#\s]*)(?P<path>[^?#]*)(?P<rest>.*)", re.I | re.S
)


def is_url(text: str) -> bool:
    return "://" in text and _URL.fullmatch(text) is not None


def normal(url: str) -> str:
    """With a path that has no `.`, `..` and doubled slashes; nothing leads above the root.

    What is no URL comes back as it is.
    """
    if not (m := _URL.fullmatch(url)):
        return url
    path = "/" + normpath(f"/{m['path']}").lstrip("/")
    if m["path"].endswith(("/", "/.", "/..")) and path != "/":
        path += "/"
    return f"{m['root']}{path}{m['rest']}"


def join(base: str, name: str) -> str:
    """What `name` means in the text at the URL `base`: `/x` begins at the server's root."""
    if is_url(name):
        return normal(name)
    if not (m := _URL.fullmatch(base)):
        return name
    directory = "" if name.startswith("/") else m["path"].rpartition("/")[0]
    return normal(f"{m['root']}{directory}/{name}")


def split(url: str) -> tuple[str, str]:
    """Scheme and server, and the path there: tftp://host and /boot/grub/grub.cfg."""
    m = _URL.fullmatch(url)
    return (m["root"], m["path"] or "/") if m else ("", url)
