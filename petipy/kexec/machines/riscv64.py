"""64-bit RISC-V."""

from . import Machine

MACHINE = Machine(kexec_load=104, kexec_file_load=294)
