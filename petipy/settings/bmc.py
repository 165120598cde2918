"""The wishes of the service processor (BMC) for a boot: IPMI's flags, mailbox, network override.

`ipmitool chassis bootdev` and Redfish set the flags; Petitboot's ipmi-mailbox-config.py fills the
mailbox. They mean what they mean to Petitboot (discover/platform-powerpc.c), but what they name
only comes first: the rest of the order follows, so that no machine is stranded.

The override is one interface in place of the setting `interfaces` that the machine keeps. It counts
while the service processor has it: Petitboot would save a lasting one, and Petipy reads it again.

A child speaks with the device: one that hangs costs some seconds of one start.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from parsers.binary import ipmi
from petipy.log import Log
from petipy.settings import petitboot
from petipy.settings.storage import Statement
from petipy.sources.source import SourceEvent
from petipy.state import order
from petipy.state.store import Store
from petipy.sys import ipmi as device
from petipy.sys import process
from petipy.sys.forked import Parent, in_child

# ipmi_si and ipmi_powernv are for different machines; ipmi_devintf makes the device of either.
_LOAD = ("modprobe", "-aq", "ipmi_powernv", "ipmi_si", "ipmi_devintf")
PATIENCE = 5.0  # seconds until the start goes on without an answer
_STEP = 0.05  # seconds between two looks for the device
_CLEARING = 3.0  # seconds
_PLACE = "service processor"
_FIRST = {"network": ("network",), "disk": ("disk", "usb"), "optical": ("optical",)}
_HOLDS = {
    "setup": "the service processor asks for the menu (setup)",
    "safe": "the service processor asks for safe mode: r in the menu looks at the disks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The wishes: the names that boot first, as petipy.state.order takes them.

    - `hold`: the reason in words why nothing boots by itself; "" if it may.
    - `safe`: no source is looked at until a person asks for it.
    - `once`: a boot uses the flags up.
    - `settings`: they count at this start.
    """

    first: tuple[str, ...] = ()
    hold: str = ""
    safe: bool = False
    once: bool = False
    settings: tuple[Statement, ...] = ()


class Bmc:
    """The service processor of this machine, at an IPMI device."""

    def __init__(
        self,
        path: str = device.DEVICE,
        *,
        ioctl: device.Ioctl | None = None,
        load: Sequence[str] = _LOAD,
        within: float = PATIENCE,
    ) -> None:
        self._open = partial(device.Ipmi, path, **({"ioctl": ioctl} if ioctl else {}))
        self._path, self._load, self._within = path, load, within
        self._once = False

    async def obey(
        self,
        store: Store,
        log: Log,
        free: asyncio.Event,
        override: Callable[[Sequence[Statement]], None] = lambda _: None,
    ) -> None:
        """Ask for the wishes, and put them into the store. `override` is given settings.

        Set `free`, so that sources are looked at, unless safe mode is wished for. A service
        processor without an answer has no wish.
        """
        reading = asyncio.create_task(self.read(log))
        done, _ = await asyncio.wait({reading}, timeout=self._within)
        if not done or isinstance(reading.exception(), TimeoutError):  # both are over at once
            log.warning(f"the service processor has not answered within {self._within:g} s")
            free.set()
            reading.cancel()  # a driver may still be in the kernel's hands for a while
            await asyncio.wait({reading})
            return
        wish = Wish()
        try:
            wish = reading.result()
        except Exception as error:  # noqa: BLE001  a wish must not end the program
            why = getattr(error, "strerror", "") or f"{type(error).__name__}: {error}"
            log.warning(f"the service processor is not heard: {why}")
        self._once = wish.once
        _tell(wish, log)
        if wish.settings:
            override(wish.settings)
        if wish.first or wish.hold:
            store.update(host=(*wish.first, *store.snapshot.host), hold=wish.hold)
        if not wish.safe:
            free.set()

    async def hold(
        self, stream: AsyncIterator[SourceEvent], free: asyncio.Event
    ) -> AsyncIterator[SourceEvent]:
        """Yield the events of sources, which are looked at once `free` is set."""
        await free.wait()
        async for event in stream:
            yield event

    async def read(self, log: Log) -> Wish:
        """Return the wishes; log what is not understood. Raise OSError."""
        if not os.access(self._path, os.F_OK):
            await process.run(self._load, within=self._within)
        text = await in_child(self._ask, self._within)
        try:
            flags, *blocks, network = map(bytes.fromhex, text.split(","))
        except ValueError:
            raise OSError(errno.EPROTO, "the process sent a senseless answer") from None
        wish = _translate(flags, blocks, log)
        return replace(wish, settings=tuple(_list_settings(network, log)))

    async def clear(self) -> None:
        """Take the flags back if they were for one boot. Raise OSError."""
        if self._once:
            await in_child(self._clear, _CLEARING)
            self._once = False

    def _ask(self, _: Parent) -> str:
        """Return the replies in hexadecimal. This runs in a child."""
        while not os.access(self._path, os.F_OK):  # a driver asks first what it speaks with
            time.sleep(_STEP)
        bmc = self._open()
        replies = [self._get(bmc, ipmi.ASK_FLAGS)]
        for number in range(ipmi.MOST_BLOCKS):
            replies.append(self._get(bmc, ipmi.ask_block(number)))
            content = ipmi.read_block(replies[-1], number)
            if not content or content[-1] == 0:
                break
        replies.append(self._get(bmc, ipmi.ASK_NETWORK))
        return ",".join(reply.hex() for reply in replies)

    def _get(self, bmc: device.Ipmi, data: bytes) -> bytes:
        # A longer reply is no boot option.
        return bmc.ask(device.CHASSIS, ipmi.GET, data, self._within)[: ipmi.LONGEST]

    def _clear(self, _: Parent) -> str:
        reply = self._open().ask(device.CHASSIS, ipmi.SET, ipmi.CLEAR_FLAGS, _CLEARING)
        if reply[:1] != b"\0":
            raise OSError(errno.EIO, f"it refuses with code 0x{reply[:1].hex()}")
        return ""


def _tell(wish: Wish, log: Log) -> None:
    """Tell the consoles of the wishes."""
    if wish.settings:
        log.announce("the service processor configures the network of this start")
    if wish.first:
        log.announce(f"the service processor wants this first: {', '.join(wish.first)}")
    if wish.hold:
        log.warning(f"{wish.hold}; nothing boots by itself")
    if not (wish.first or wish.hold or wish.settings):
        log.info("the service processor has no wish for this boot")


def _translate(reply: bytes, blocks: list[bytes], log: Log) -> Wish:
    flags = None
    try:
        flags = ipmi.read_flags(reply)
    except ValueError as error:
        log.warning(f"{_PLACE}: the boot flags: {error}")
    content = b"".join(ipmi.read_block(block, number) for number, block in enumerate(blocks))
    lasting = tuple(_list_mailbox(content, log))
    if flags is None or flags.device == "none":
        return Wish(first=lasting)
    return make_wish(flags, lasting)


def make_wish(flags: ipmi.Flags, order: tuple[str, ...] = ()) -> Wish:
    """Return the wish for the device of the flags, then for an order that stays."""
    return Wish(
        first=(*_FIRST.get(flags.device, ()), *order),
        hold=_HOLDS.get(flags.device, ""),
        safe=flags.device == "safe",
        once=not flags.lasting,
    )


def _list_settings(reply: bytes, log: Log) -> Iterator[Statement]:
    """Yield the settings that an override of the network makes."""
    try:
        if words := ipmi.read_network(reply):
            yield from petitboot.translate([(_PLACE, "petitboot,network", words)])
    except ValueError as error:
        log.warning(f"{_PLACE}: the override of the network: {error}")


def _list_mailbox(content: bytes, log: Log) -> Iterator[str]:
    """Yield the devices that the mailbox names, in order."""
    found = ipmi.read_mailbox(content)
    if found is None:
        return
    name, value = found
    if name != "petitboot,bootdevs":
        log.warning(f"{_PLACE}: the mailbox sets {name}, which Petipy does not take from there")
        return
    for statement in petitboot.translate([(_PLACE, name, value)]):
        if statement.name:
            yield from (item.name for item in order.parse(statement.text))
        else:
            log.warning(f"{_PLACE}: {name}: {statement.text}")
