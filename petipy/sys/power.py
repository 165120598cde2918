"""Restart the machine, switch it off, or let its EFI firmware show its settings."""

import errno
import os
from ctypes import c_int

from petipy.sys import mount
from petipy.sys.libc import call, libc

# <linux/reboot.h>
_RESTART, _POWER_OFF = 0x01234567, 0x4321FEDC
_ALWAYS = ("reboot", "halt")
_NO_SETTINGS = "this machine's firmware has no settings to open"
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
# UEFI specification, "OsIndications": a 64-bit number of which bit 0 opens the settings. efivarfs
# puts a variable's attributes before its value: non-volatile, for boot services and at run time.
_ATTRIBUTES, _TO_SETTINGS = (7).to_bytes(4, "little"), 1

libc.reboot.argtypes = (c_int,)
libc.reboot.restype = c_int


def list_actions() -> tuple[str, ...]:
    """Return what can be done here: "reboot", "halt", and "fwsetup" if the firmware can."""
    try:
        root = mount.open_root("efivarfs", "efivarfs")
    except OSError:  # no EFI
        return _ALWAYS
    try:
        able = has_settings(f"/proc/self/fd/{root}")
    finally:
        os.close(root)
    return (*_ALWAYS, "fwsetup") if able else _ALWAYS


def prepare(action: str) -> None:
    """Do the part of an action that can fail. Raise OSError with a sentence if it does."""
    if action != "fwsetup":
        return
    try:
        root = mount.open_writable_root("efivarfs", "efivarfs")
    except OSError:  # no EFI, as on pseries
        raise OSError(errno.ENOTSUP, _NO_SETTINGS) from None
    try:
        ask_for_settings(f"/proc/self/fd/{root}")
    finally:
        os.close(root)


def ask_for_settings(variables: str) -> None:
    """Let EFI firmware show its settings at the next start.

    `variables` is the directory where efivarfs is mounted. Raise OSError if it cannot.
    """
    if not has_settings(variables):
        raise OSError(errno.ENOTSUP, _NO_SETTINGS)
    name = f"{variables}/OsIndications-{_GLOBAL}"
    value = _value(name) | _TO_SETTINGS
    with open(name, "wb", buffering=0) as file:
        file.write(_ATTRIBUTES + value.to_bytes(8, "little"))


def has_settings(variables: str) -> bool:
    """Return True if EFI firmware can show its settings; see `ask_for_settings`."""
    return bool(_value(f"{variables}/OsIndicationsSupported-{_GLOBAL}") & _TO_SETTINGS)


def leave(action: str) -> None:
    """Restart the machine, or switch it off, without writing out or unmounting anything."""
    call(libc.reboot, c_int(_POWER_OFF if action == "halt" else _RESTART))


def _value(name: str) -> int:
    try:
        with open(name, "rb") as file:
            return int.from_bytes(file.read()[4:], "little")
    except OSError:  # no EFI, or no such variable
        return 0
