"""syslinux.cfg: the kinds of kernels and programs, and device trees."""

from collections.abc import Mapping, Sequence

import pytest

from parsers.api import Entry, FileRef, Problem
from tests.parsers.formats.syslinux.files import entries, problems, read


@pytest.mark.parametrize(
    ("kernel", "machine", "word"),
    [
        ("LOCALBOOT 0x80", "x86_64", "LOCALBOOT"),
        ("KERNEL chain.c32", "x86_64", "another boot loader"),
        ("KERNEL hdt.c32", "ppc64le", "hdt.c32"),
        ("COM32 /boot/hdt", "x86_64", "hdt.c32"),
        ("KERNEL pxelinux.0", "x86_64", "network boot loader"),
        ("KERNEL boot.bin", "x86_64", "boot sector"),
        ("KERNEL boot.bin", "aarch64", ""),
        ("KERNEL vmlinuz-6.12.0", "ppc64le", ""),
        ("KERNEL vmlinuz-6.12.0", "x86_64", "network boot loader"),
        ("KERNEL pxelinux.0", "ppc64le", "network boot loader"),
        ("LINUX boot.bin", "x86_64", ""),
        ("KERNEL floppy.img", "x86_64", "floppy"),
        ("KERNEL memdisk", "x86_64", "memdisk"),
        ("KERNEL ipxe.lkrn", "x86_64", "network boot loader"),
        ("KERNEL x.com", "ppc64le", "program for SYSLINUX"),
        ("BSS x", "x86_64", "boot sector"),
        ("MENU HELP x.txt", "x86_64", "only shows a text"),
        ("FDIMAGE x", "x86_64", "floppy"),
        ("KERNEL mboot.c32\nAPPEND xen.gz --- vmlinuz --- initrd", "x86_64", "xen.gz"),
        ("KERNEL reboot.c32", "x86_64", "restarts"),
        ("COM32 poweroff.c32", "x86_64", "switches off"),
        ("KERNEL vmlinuz", "x86_64", ""),
        ("KERNEL bzImage.c32x", "x86_64", ""),
    ],
)
def test_what_is_not_linux_is_shown_with_the_reason(kernel: str, machine: str, word: str) -> None:
    (entry,) = entries(f"LABEL a\n{kernel}\n", machine=machine)
    assert word in entry.unbootable
    assert bool(word) == bool(entry.unbootable)
    assert (entry.kernel is None) == bool(word)


def test_modules_that_boot_linux_do() -> None:
    text = "LABEL a\nKERNEL linux.c32\nAPPEND -dhcpinfo /v root=x initrd=/i\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/v"), "root=x initrd=/i")
    assert entry.initrds == (FileRef(path="/i"),)
    text = "LABEL a\nCOM32 mboot.c32\nAPPEND /vmlinuz root=x --- /i --- /j y\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/vmlinuz"), "root=x")
    assert [i.path for i in entry.initrds] == ["/i", "/j"]


def test_a_label_for_each_kind_of_processor_is_that_of_ours() -> None:
    text = (
        "LABEL auto\nCOM32 ifcpu64.c32\nAPPEND long -- short\n"
        "LABEL long\nLINUX /64\nLABEL short\nLINUX /32\n"
    )
    assert entries(text)[0].kernel == FileRef(path="/64")
    assert entries(text, machine="i386")[0].kernel == FileRef(path="/32")


@pytest.mark.parametrize(
    ("module", "options", "kernel"),
    [
        ("ifcpu", "64 -- a -- b", "/a"),
        ("ifcpu", "pae smp -- a -- b", "/a"),
        ("ifcpu64", "a -- c -- b", "/a"),
        ("ifcpu64", "a x -- b", "/a"),
        ("ifplop", "b -- a", "/a"),
        ("ifmemdsk", "--safe-hooks b -- a", "/a"),
        ("cmd", "a", "/a"),
        ("cmd", "/other x", "/other"),
        ("whichsys", "-iso- b -sys- a", "/a"),
        ("whichsys", "-sys- b -sys- a -pxe- b", "/a"),
        ("whichsys", "-sys- linux.c32 /c x", "/c"),
    ],
)
def test_a_module_that_runs_another_command_means_that(
    module: str, options: str, kernel: str
) -> None:
    text = f"LABEL m\nCOM32 {module}.c32\nAPPEND {options}\nLABEL a\nLINUX /a\nLABEL b\nLINUX /b\n"
    assert entries(text)[0].kernel == FileRef(path=kernel)


def test_a_command_has_its_labels_options_and_its_own() -> None:
    text = "LABEL m\nCOM32 cmd.c32\nAPPEND a two  three\nLABEL a\nLINUX /a\nAPPEND one\n"
    assert entries(text)[0].cmdline == "one two  three"


def test_a_processor_without_64_bits_gets_the_other_case() -> None:
    text = "LABEL m\nCOM32 ifcpu.c32\nAPPEND 64 -- a -- b\nLABEL a\nLINUX /a\nLABEL b\nLINUX /b\n"
    assert entries(text, machine="i386")[0].kernel == FileRef(path="/b")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("-iso- a -pxe- a", "a program for SYSLINUX (whichsys.c32)"),
        ("-sys-", "it runs the default"),
        ("-sys- m", "its modules run one another without end"),
    ],
)
def test_a_module_without_a_command_for_this_variant_says_so(options: str, why: str) -> None:
    text = f"LABEL m\nCOM32 whichsys.c32\nAPPEND {options}\nLABEL a\nLINUX /a\n"
    assert entries(text)[0].unbootable == why


def test_the_variant_is_that_of_the_file() -> None:
    labels = "LABEL s\nLINUX /s\nLABEL i\nLINUX /i\n"
    text = f"LABEL m\nCOM32 whichsys.c32\nAPPEND -sys- s -iso- i\n{labels}"
    assert entries(text)[0].kernel == FileRef(path="/s")
    assert entries(text, path="/isolinux/isolinux.cfg")[0].kernel == FileRef(path="/i")


BOARD = ("acme,rocket-2", "acme,rocket", "acme,soc")


def tree(*compatible: str) -> bytes:
    """Return the beginning of a device tree: a header, then a property of the root."""
    value = "".join(f"{name}\0" for name in compatible).encode()
    return b"\xd0\x0d\xfe\xed" + bytes(52) + len(value).to_bytes(4, "big") + bytes(4) + value


def devicetree(
    text: str, others: Mapping[str, bytes] | None = None, compatible: Sequence[str] = BOARD
) -> FileRef | None:
    found = read(f"LABEL a\nLINUX /v\n{text}\n", others, compatible=compatible)
    return next(item.devicetree for item in found if isinstance(item, Entry))


def test_a_device_tree_is_named_or_found_by_what_the_machine_is_compatible_with() -> None:
    for key in ("FDT", "DTB", "DEVICETREE"):
        assert devicetree(f"{key} x.dtb") == FileRef(path="/boot/syslinux/x.dtb")
    assert devicetree("FDT -") is None
    named = {"/d/rocket-2.dtb": b"", "/d/acme/rocket-2.dtb": b""}
    assert devicetree("FDTDIR /d", named) == FileRef(path="/d/acme/rocket-2.dtb")
    inside = {"/d/a/x.dtb": tree("acme,soc"), "/d/b/y.dtb": tree(*BOARD), "/d/z.dtb": tree("z")}
    assert devicetree("FDTDIR /d/", inside) == FileRef(path="/d/b/y.dtb")
    assert devicetree("FDT /x\nFDTDIR /d", inside) == FileRef(path="/x")


def test_a_machine_that_no_device_tree_fits_keeps_its_own() -> None:
    others = {"/d/a.dtb": tree("acme,soc"), "/d/b.dtb": b"\0" * 9}
    text = "LABEL a\nLINUX /v\nFDTDIR /d\n"
    found = read(text, others, compatible=BOARD)
    (messages,) = [item.message for item in found if isinstance(item, Problem)]
    assert messages.startswith(
        "no device tree in /d is known to be for acme,rocket-2: the machine's"
    )
    assert devicetree("FDTDIR /d", others) is None
    assert not problems(text, others), "a machine without a device tree needs none"
