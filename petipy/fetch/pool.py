"""Connections that stay open between two requests to the same server."""

from petipy.fetch.connection import Connection

Key = tuple[str, ...]  # the scheme, the server, the proxy and the interface


class Pool:
    """Idle connections, one for each key. `close` must be called."""

    def __init__(self) -> None:
        self._idle: dict[Key, Connection] = {}

    def take(self, key: Key) -> Connection | None:
        """Return an open connection, which is the caller's from now on."""
        connection = self._idle.pop(key, None)
        if connection and not connection.is_idle():
            connection.close()
            return None
        return connection

    def put(self, key: Key, connection: Connection) -> None:
        """Keep a connection for the next request."""
        if key in self._idle:
            connection.close()
        else:
            self._idle[key] = connection

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle.values():
            connection.close()
        self._idle.clear()
