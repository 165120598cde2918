"""64-bit s390."""

from . import Machine

MACHINE = Machine(kexec_load=277, kexec_file_load=381)
