"""64-bit RISC-V."""

from . import Architecture

MACHINE = Architecture(kexec_load=104, kexec_file_load=294)
