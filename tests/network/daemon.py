"""systemd-networkd in a namespace, as petipy.network.networkd runs it.

    python -m tests.network.daemon [WORDS…]

with words of a kernel command line; the log goes to standard output. SIGTERM cancels it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from initramfs.host import REPOSITORY
from petipy.log import Log
from petipy.network.networkd import Networkd
from petipy.platforms.pseries import Pseries
from petipy.settings import storage
from petipy.state.model import Status
from tests.network.namespace import Namespace, Program

UUID = "8a04cbd4-2c4b-4a5b-9a1c-0123456789ab"


class Machine(Pseries):
    """A pseries machine with a UUID."""

    def read_uuid(self, root: str) -> bytes:
        return bytes.fromhex(UUID.replace("-", ""))


def start_networkd(client: Namespace, *words: str) -> Program:
    """Start it with a kernel command line of these words."""
    client.run("mount", "-o", "remount,ro", "/sys")  # networkd waits for no udevd then
    module = f"import os, runpy; os.chdir({str(REPOSITORY)!r})"
    module = f"{module}; runpy.run_module({__name__!r}, run_name='__main__')"
    return client.start(sys.executable, "-u", "-c", module, *words, name="networkd")


async def run(words: Sequence[str]) -> None:
    def show(status: Status) -> None:
        os.write(1, f"{status.level} {status.text}\n".encode())

    log = Log(show, files=())
    settings = storage.load(" ".join(words), image="/dev/null")
    networkd = Networkd(settings, Machine(), log)
    log.info = log.debug = log.announce  # type: ignore[method-assign]
    task = asyncio.ensure_future(networkd.run())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    lease = (("mac", "52:54:00:00:00:01"), ("ip", "192.0.2.50"), ("serverid", "192.0.2.1"))
    loop.add_signal_handler(signal.SIGUSR1, networkd.release, [lease, (("ip6", "2001:db8::100"),)])
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()):
        log.error(f"{error}")


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))
    asyncio.run(run(sys.argv[1:]))
