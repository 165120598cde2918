"""x86 64."""

from . import Machine

MACHINE = Machine(kexec_load=246, kexec_file_load=320)
