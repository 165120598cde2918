"""The wishes of a service processor (FSP) that OPAL hands on as system parameters.

POWER8 machines with an FSP have no boot flags for IPMI. Skiboot (hw/fsp/fsp-sysparam.c) has two
parameters of one byte in their place, `next-boot-device` for one boot and `default-boot-device`:
the number of a device as in IPMI's flags. Linux (opal-sysparam.c) makes files of them. They mean
what they mean to Petitboot, with the difference that `petipy.settings.bmc` describes.

A child reads them: the firmware asks the service processor meanwhile.
"""

from pathlib import Path

from parsers.binary import ipmi
from petipy.log import Log
from petipy.settings.bmc import PATIENCE, Bmc, Wish, make_wish
from petipy.sys.forked import Parent, in_child

_NEXT, _DEFAULT = "next-boot-device", "default-boot-device"
_NONE = b"\xff"  # Petitboot writes it, to take a wish back


class Sysparams(Bmc):
    """The system parameters in a directory: one file for each."""

    def __init__(self, directory: str, *, within: float = PATIENCE) -> None:
        super().__init__(within=within)
        self._directory = Path(directory)

    async def read(self, log: Log) -> Wish:
        """Return the wish; log what is not understood. Raise OSError."""
        found = (await in_child(self._read_all, self._within)).split(",")
        for name, digits in zip((_NEXT, _DEFAULT), found, strict=False):
            value = bytes.fromhex(digits)
            if len(value) != 1 or value == _NONE:
                continue
            try:
                device = ipmi.read_device(value[0])
            except ValueError as error:
                log.warning(f"service processor: {name}: {error}")
                continue
            return make_wish(ipmi.Flags(device, lasting=name == _DEFAULT))
        return Wish()

    def _read_all(self, _: Parent) -> str:
        return ",".join(self._read(name).hex() for name in (_NEXT, _DEFAULT))

    def _read(self, name: str) -> bytes:
        """Return the first bytes of a parameter; b"" without it. This runs in a child."""
        try:
            with (self._directory / name).open("rb", buffering=0) as file:
                return file.read(2) or b""
        except OSError:
            return b""  # firmware has the parameters that it likes

    def _clear(self, _: Parent) -> str:
        with (self._directory / _NEXT).open("r+b", buffering=0) as file:
            file.write(_NONE)
        return ""
