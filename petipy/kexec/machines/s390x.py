"""64-bit s390."""

from . import Architecture

MACHINE = Architecture(kexec_load=277, kexec_file_load=381)
