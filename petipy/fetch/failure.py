"""The failure of a try to fetch something."""

from typing import Literal

# absent: the server says that there is no such file. silent: no answer, or no further
# one. refused: anything else that is final for this URL. tls: https, in a process that has
# not prepared for it.
Kind = Literal["absent", "silent", "refused", "tls"]


class FetchError(Exception):
    """A failed try. The text is for people: it names no credentials, and ends without a stop.

    `again`: another try may do better. `after`: seconds to wait before it, as the server wishes.
    """

    def __init__(
        self, text: str, kind: Kind = "refused", *, again: bool = False, after: float = 0
    ) -> None:
        super().__init__(text)
        self.kind, self.again, self.after = kind, again, after
