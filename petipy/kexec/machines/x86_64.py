"""64-bit x86."""

from . import Architecture

MACHINE = Architecture(kexec_load=246, kexec_file_load=320)
