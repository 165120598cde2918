"""64-bit LoongArch."""

from . import Architecture

MACHINE = Architecture(kexec_load=104, kexec_file_load=294)
