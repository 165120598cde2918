"""64-bit x86."""

from . import Machine

MACHINE = Machine(kexec_load=246, kexec_file_load=320)
