"""URLs that are fetched: RFC 3986, as strict as a request needs it."""

import re
from dataclasses import dataclass, replace

_LONGEST = 8192  # characters
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_URL = re.compile(
    r"""(?xs) (?P<scheme> [A-Za-z][A-Za-z0-9+.-]* ) ://
    (?: (?P<user> [^/?\#:\s]* ) (?: : (?P<password> [^/?\#\s]* ) )? @ )?
    (?P<host> \[ [0-9A-Fa-f:.]+ (?: %(?:25)? [A-Za-z0-9._-]+ )? \] | [A-Za-z0-9._-]* )
    (?: : (?P<port> [0-9]{0,5} ) )?
    (?P<path> (?: / [^?\#]* )? )
    (?: \? (?P<query> [^\#]* ) )?
    (?: \# (?P<fragment> .* ) )?"""
)
_CHECKSUM = re.compile(r"(?is)(md5|sha[0-9]+)[=:](.*)")
_DIGITS = {"sha256": 64, "sha512": 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A URL in its parts. `str` gives it without user, password and fragment."""

    scheme: str  # in lower case
    host: str = ""  # without brackets
    port: int = 0  # 0: the scheme's
    user: str = ""
    password: str = ""
    path: str = "/"  # as it was written
    query: str | None = None
    fragment: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}{self._query}"

    @property
    def authority(self) -> str:
        """The host in brackets if it is an IPv6 address, and the port unless it is the scheme's."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def target(self) -> str:
        """Path and query, in which every character that is not allowed is escaped."""
        return re.sub(r"[^!-~]", _escape, f"{self.path}{self._query}").replace('"', "%22")

    def read_path(self) -> bytes:
        """Return the path with its escapes undone, for schemes that know no queries."""
        text = f"{self.path}{self._query}".encode("utf-8", "surrogateescape")
        return _PERCENT.sub(lambda m: bytes((int(m[1], 16),)), text)

    @property
    def _query(self) -> str:
        return "" if self.query is None else f"?{self.query}"

    def checksum(self) -> tuple[str, str] | None:
        """Return name and hexadecimal value of the checksum in the fragment: #sha256=HEX.

        Raise ValueError for another digest, or if its value is none: somebody means it to count.
        """
        if not (m := _CHECKSUM.fullmatch(self.fragment)):
            return None
        name, value = m[1].lower(), m[2].lower()
        if name not in _DIGITS:
            raise ValueError(f"{name} is no checksum that counts: sha256 and sha512 are")
        if not re.fullmatch(f"[0-9a-f]{{{_DIGITS[name]}}}", value):
            raise ValueError(f"a {name} has {_DIGITS[name]} hexadecimal digits")
        return name, value

    def join(self, reference: str) -> "Url":
        """Return the URL that a reference means here. Raise ValueError.

        It has neither credentials nor a fragment.
        """
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference):
            return replace(parse(reference), user="", password="", fragment="")
        base = replace(self, user="", password="", fragment="")
        if reference.startswith("//"):
            return base.join(f"{self.scheme}:{reference}")
        reference = reference.partition("#")[0]
        path, mark, query = reference.partition("?")
        if not path:
            return replace(base, query=query if mark else self.query)
        if not path.startswith("/"):
            path = f"{self.path.rpartition('/')[0]}/{path}"
        return parse(str(replace(base, path=_remove_dots(path), query=query if mark else None)))


def parse(text: str) -> Url:
    """Return a URL's parts. Raise ValueError with a reason, which does not repeat the text."""
    if len(text) > _LONGEST:
        raise ValueError(f"the URL has more than {_LONGEST:,} characters")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("a control character in the URL")
    if not (m := _URL.fullmatch(text)):
        raise ValueError("not a URL: SCHEME://HOST/PATH")
    port = int(m["port"] or 0)
    if port > 65535:
        raise ValueError(f"there is no port {port}")
    return Url(
        scheme=m["scheme"].lower(),
        host=m["host"].strip("[]").replace("%25", "%"),
        port=port,
        user=_unescape(m["user"] or ""),
        password=_unescape(m["password"] or ""),
        path=m["path"] or "/",
        query=m["query"],
        fragment=m["fragment"] or "",
    )


def _remove_dots(path: str) -> str:
    """Remove `.` and `..` as RFC 3986, 5.2.4 says."""
    kept: list[str] = []
    names = path.split("/")[1:]
    for name in names:
        if name == ".." and kept:
            kept.pop()
        elif name not in (".", ".."):
            kept.append(name)
    end = "/" if names[-1] in (".", "..") and kept else ""
    return f"/{'/'.join(kept)}{end}"


def _escape(m: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in m[0].encode("utf-8", "surrogateescape"))


def _unescape(text: str) -> str:
    """Replace each %XX by its byte."""
    data = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda m: bytes.fromhex(m[1].decode()),
        text.encode("utf-8", "surrogateescape"),
    )
    return data.decode("utf-8", "surrogateescape")
