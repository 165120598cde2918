"""Control QEMU by QMP: plug disks, press keys, take pictures of the screen."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.e2e.picture import Picture, read_ppm


class Monitor:
    def __init__(self, line: socket.socket) -> None:
        line.settimeout(60)
        self._file = line.makefile("rwb")
        self._next()  # the greeting
        self("qmp_capabilities")

    def close(self) -> None:
        self._file.close()

    def __call__(self, command: str, **arguments: Any) -> Any:
        request = {"execute": command, "arguments": arguments}
        self._file.write(json.dumps(request).encode() + b"\n")
        self._file.flush()
        while "event" in (answer := self._next()):
            pass
        assert "return" in answer, f"QEMU: {command}: {answer['error']['desc']}"
        return answer["return"]

    def _next(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line, "QEMU has closed its monitor"
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def plug(self, image: Path, driver: str, **properties: Any) -> None:
        """Plug a disk in; `properties` are those of QEMU's driver, with its `id`."""
        node = f"{properties['id']}-image"
        file = {"driver": "file", "filename": str(image)}
        self("blockdev-add", driver="raw", file=file, **{"node-name": node, "read-only": True})
        self("device_add", driver=driver, drive=node, **properties)

    def pull(self, id: str) -> None:
        self("device_del", id=id)

    def cable(self, nic: int, *, plugged: bool) -> None:
        """Plug in or pull out the cable of a network card of vm.Machine."""
        self("set_link", name=f"nic{nic}", up=plugged)

    def throttle(self, drive: int, requests: int) -> None:
        """Let a drive of vm.Machine carry out so many requests a second; 0 is no limit."""
        others = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops_rd", "iops_wr"), 0)
        self("block_set_io_throttle", device=f"d{drive}", iops=requests, **others)

    def key(self, *names: str) -> None:
        """Press keys on the guest's keyboard one after the other: QEMU's names ("ret", "down")."""
        for name in names:
            self("send-key", keys=[{"type": "qcode", "data": name}])

    def survive_resets(self) -> None:
        """Let the machine restart when it resets itself, which ends it otherwise."""
        self("set-action", reboot="reset")

    def reset(self) -> None:
        """Reset the machine, which otherwise ends with a reset."""
        self.survive_resets()
        self("system_reset")

    def picture(self, file: Path) -> Picture:
        """Return a picture of the guest's screen."""
        self("screendump", filename=str(file))
        return read_ppm(file.read_bytes())
