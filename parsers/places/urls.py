"""URLs in boot configurations.

    URL  = root, path, [ ( "?" | "#" ), rest ] ;
    root = scheme, "://", host ;

urllib costs too much at import, and it cannot join tftp URLs.
"""

import re
from posixpath import normpath

_URL = re.compile(
    r"(?P<root>[a-z][a-z0-9+.-]*://[^/?#\s]*)(?P<path>[^?#]*)(?P<rest>.*)", re.I | re.S
)

# As petipy.fetch.url has it, where a digest that does not count is refused.
_CHECKSUM = re.compile(r"#(md5|sha[0-9]+)[=:]", re.I)

# "u:p/w@host" is no URL, but a person may have typed it: what follows the colon is no port.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/?#\s]*@|[^/?#\s:@\[\]]*:(?!\d{0,5}(?:[/?#\s]|$))[^\n]*@)")


def is_url(text: str) -> bool:
    return "://" in text and _URL.fullmatch(text) is not None


def normalize(url: str) -> str:
    """Return a URL without `.`, `..` and doubled slashes in its path.

    No path leads above the root. Return any other text as it is.
    """
    if not (m := _URL.fullmatch(url)):
        return url
    path = "/" + normpath(f"/{m['path']}").lstrip("/")
    if m["path"].endswith(("/", "/.", "/..")) and path != "/":
        path += "/"
    return f"{m['root']}{path}{m['rest']}"


def join(base: str, name: str) -> str:
    """Return the URL that `name` means in the text at the URL `base`. `/x` is at the root."""
    if is_url(name):
        return normalize(name)
    if not (m := _URL.fullmatch(base)):
        return name
    directory = "" if name.startswith("/") else m["path"].rpartition("/")[0]
    return normalize(f"{m['root']}{directory}/{name}")


def split(url: str) -> tuple[str, str]:
    """Split a URL into root and path: tftp://host and /boot/grub/grub.cfg."""
    m = _URL.fullmatch(url)
    return (m["root"], m["path"] or "/") if m else ("", url)


def has_checksum(url: str) -> bool:
    """Return True if the URL ends in a checksum of its file, such as #sha256=HEX."""
    return "#" in url and _CHECKSUM.search(url) is not None


def hide_credentials(text: str) -> str:
    """Return a text without user and password of each URL in it."""
    return _CREDENTIALS.sub("", text) if "@" in text else text
