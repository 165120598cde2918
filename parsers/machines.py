"""Architectures of processors: one row of names and numbers for each. Pure.

The names that uname gives stand for architectures everywhere else in this project.
"""


# A plain class: every start imports this module, and a NamedTuple takes longer to make.
class Architecture:
    """Names and numbers of one architecture. An empty name is the same as uname's."""

    def __init__(
        self,
        *,
        name: str,  # uname's
        aliases: tuple[str, ...] = (),  # uname's for other processors of this architecture
        elf: int = 0,  # e_machine
        pe: int = 0,  # Machine of the COFF header
        efi: str = "",  # the suffix in BOOTX64.EFI, and in the Boot Loader Specification
        grub: str = "",  # $grub_cpu
        firmware: str = "efi",  # $grub_platform, as most machines have it
        ipxe: str = "",  # ${buildarch}
        debian: str = "",
        dhcp: int | None = None,  # EFI's Processor Architecture Type (IANA, for RFC 5970)
        cmdline: int = 2047,  # bytes of a command line that its Linux reads: COMMAND_LINE_SIZE - 1
    ) -> None:
        self.name, self.aliases = name, aliases
        self.elf, self.pe, self.dhcp, self.cmdline = elf, pe, dhcp, cmdline
        self.efi, self.grub, self.firmware = efi, grub, firmware
        self.ipxe, self.debian = ipxe, debian

    @property
    def grub_name(self) -> str:
        """GRUB's name of processor and firmware: x86_64-efi."""
        return f"{self.grub or self.name}-{self.firmware}"


ARCHITECTURES = (
    Architecture(name="x86_64", elf=62, pe=0x8664, efi="x64", debian="amd64", dhcp=0x7),
    Architecture(
        name="i386",
        aliases=("i486", "i586", "i686"),
        elf=3,
        pe=0x14C,
        efi="ia32",
        firmware="pc",
        dhcp=0x6,
    ),
    Architecture(
        name="aarch64",
        elf=183,
        pe=0xAA64,
        efi="aa64",
        grub="arm64",
        ipxe="arm64",
        debian="arm64",
        dhcp=0xB,
    ),
    Architecture(
        name="arm",
        aliases=("armv6l", "armv7l", "armv8l"),
        elf=40,
        pe=0x1C2,
        efi="arm",
        ipxe="arm32",
        debian="armhf",
        dhcp=0xA,
        cmdline=1023,
    ),
    Architecture(name="riscv64", elf=243, pe=0x5064, efi="riscv64", dhcp=0x1B, cmdline=1023),
    Architecture(
        name="loongarch64",
        elf=258,
        pe=0x6264,
        efi="loongarch64",
        ipxe="loong64",
        debian="loong64",
        dhcp=0x27,
        cmdline=4095,
    ),
    # An ELF file for POWER does not tell the byte order of its machine, which starts either.
    Architecture(name="ppc64le", grub="powerpc", firmware="ieee1275", debian="ppc64el"),
    Architecture(name="ppc64", elf=21, grub="powerpc", firmware="ieee1275"),
    Architecture(name="ppc", elf=20, grub="powerpc", firmware="ieee1275", debian="powerpc"),
    Architecture(name="s390x", elf=22, cmdline=4095),
)
_BY_NAME = {name: row for row in ARCHITECTURES for name in (row.name, *row.aliases)}
_BY_GRUB = {row.grub: row for row in reversed(ARCHITECTURES) if row.grub}
ELF = {row.elf: row.name for row in ARCHITECTURES if row.elf}
PE = {row.pe: row.name for row in ARCHITECTURES if row.pe}
EFI = {row.efi: row for row in ARCHITECTURES if row.efi}


def find(name: str) -> Architecture:
    """Return the architecture of the machine that uname calls `name`; an unknown one by itself."""
    return _BY_NAME.get(name) or Architecture(name=name)


def of_grub(name: str) -> str:
    """Return uname's name for GRUB's name of a processor and its firmware: powerpc-ieee1275."""
    cpu = name.partition("-")[0]
    row = _BY_GRUB.get(cpu)
    return row.name if row else cpu
