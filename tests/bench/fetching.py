"""Fetch a URL once and print the seconds: `python -m tests.bench.fetching URL [AUTHORITY ...]`.

Imports and the reading of certificates are not counted: a process that fetches is forked from one
that has them.
"""

import asyncio
import os
import sys
import time

from petipy.fetch.fetcher import Fetcher, prepare
from petipy.state.network import Fetching, Wanted


async def fetch(url: str, rules: Fetching) -> None:
    """Fetch into memory. Raise OSError if that fails."""
    fetcher = Fetcher(rules)
    try:
        fetched = await fetcher.fetch(Wanted(url=url))
    finally:
        fetcher.close()
    if fetched.descriptor < 0:
        raise OSError(fetched.error)
    os.close(fetched.descriptor)


def main(url: str, *authorities: str) -> None:
    rules = Fetching(authorities=authorities)
    prepare([url], rules)
    began = time.monotonic()
    asyncio.run(fetch(url, rules))
    sys.stdout.write(f"{time.monotonic() - began}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
