"""64-bit POWER, big endian: as ppc64le."""

from .ppc64le import MACHINE

__all__ = ["MACHINE"]
