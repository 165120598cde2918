"""iPXE's images: kernels, initrds and scripts, and their origins."""

from typing import Any

import pytest

from parsers.api import FileRef
from tests.parsers import one_file
from tests.parsers.formats.ipxe.scripts import entries, entry, expand, problems, reason

# Images


def test_arguments_may_be_given_afterwards() -> None:
    text = "kernel --name k /linux a b\nimgargs k c d\nboot\n"
    got = entry(text)
    assert (got.title, got.cmdline) == ("k", "c d")
    assert [(o.what, o.line, o.spans) for o in got.origins] == [
        ("kernel", 2, ()),
        ("imgargs", 3, ((0, 3),)),
    ]


def test_what_has_been_fetched_is_known_by_its_name() -> None:
    got = entry("imgfetch --name k /a/vmlinuz-6\nimgfetch /b/i.img\nimgselect k x=1\nimgexec\n")
    assert got.kernel == FileRef(url="http://boot.example.org/a/vmlinuz-6")
    assert (got.initrds, got.cmdline) == ((FileRef(url="http://boot.example.org/b/i.img"),), "x=1")


def test_boot_takes_a_kernel_with_arguments() -> None:
    got = entry("initrd i.img\nboot http://x.example/kernel a=b\n")
    assert got.kernel == FileRef(url="http://x.example/kernel")
    assert (len(got.initrds), got.cmdline) == (1, "a=b")


def test_whatever_was_fetched_is_an_initrd_in_the_order_of_fetching() -> None:
    got = entry(
        "initrd --name b b.img\nkernel /linux initrd=a initrd=b\nmodule --name a a.img\nboot"
    )
    assert [ref.url[-5:] for ref in got.initrds] == ["b.img", "a.img"]


def test_an_initrd_that_the_command_line_names_and_nobody_fetches_is_a_problem() -> None:
    text = "kernel /linux initrd=a,\\b initrd=initrd.magic\ninitrd b\nboot"
    assert problems(text) == [(2, "initrd=a is none of the files that are fetched")]


def test_imgfree_forgets_one_image_or_all() -> None:
    assert len(entry("initrd a\ninitrd b\nimgfree a\nkernel /linux\nboot").initrds) == 1
    assert entry("initrd a\nkernel /k\nimgfree\nkernel /linux\nboot").initrds == ()


def test_a_file_with_a_path_behind_it_is_packed_under_that_path() -> None:
    text = (
        "kernel /linux\ninitrd --name i a.cfg /etc/a.cfg mode=600\nimgfetch b\nimgargs b /b\n"
        "initrd c.sh /c mkdir=1 mode=0755\ninitrd d.sh /d mode=rwx\nboot"
    )
    packed = [(ref.url[-5:], ref.packed, f"{ref.mode:o}") for ref in entry(text).initrds]
    assert packed == [
        ("a.cfg", "/etc/a.cfg", "600"),
        ("pxe/b", "/b", "644"),
        ("/c.sh", "/c", "755"),
        ("/d.sh", "/d", "644"),
    ]
    assert not problems(text)


def test_the_device_tree_is_no_initrd() -> None:
    got = entry("kernel /linux\nfdt /a.dtb\ninitrd /i\nboot")
    assert got.devicetree == FileRef(url="http://boot.example.org/a.dtb")
    assert got.initrds == (FileRef(url="http://boot.example.org/i"),)


def test_a_kernel_that_nothing_boots_is_an_entry_but_not_the_default() -> None:
    text = "kernel /linux\n"
    assert not entry(text).default
    assert problems(text) == [(2, "a kernel is loaded, but never booted")]


@pytest.mark.parametrize(
    ("text", "reason_"),
    [
        ("kernel wimboot\nboot", "it starts Windows (wimboot): .../ipxe/wimboot"),
        ("kernel /memdisk iso\nboot", "it starts a disk image (memdisk): .../memdisk"),
        ("chain /lpxelinux.0", "it starts another boot loader: .../lpxelinux.0"),
        ("chain /menu.c32", "it starts another boot loader: .../menu.c32"),
        ("chain /x.kpxe", "it starts another boot loader: .../x.kpxe"),
        ("chain /grubx64.efi", "it starts a program for the firmware: .../grubx64.efi"),
        ("kernel /xen.gz dom0\nmodule vmlinuz\nboot", "it starts a multiboot kernel: .../xen.gz"),
        ("kernel /memtest86.bin\nboot", "it starts a memory test: .../memtest86.bin"),
        ("sanboot http://x.example/a.iso", "it boots http://x.example/a.iso as a disk,"
         " which kexec cannot do"),
    ],
)  # fmt: skip
def test_what_is_no_linux_is_shown_with_the_reason(text: str, reason_: str) -> None:
    assert reason(text) == reason_.replace("...", "http://boot.example.org")


@pytest.mark.parametrize("name", ["vmlinuz-6.1.0", "linux.bin", "bzImage", "boot-kernel"])
def test_a_kernels_name_is_no_boot_loaders(name: str) -> None:
    assert entry(f"kernel /{name}\ninitrd /i\nboot").kernel


# Origins


def origins_of(text: str, **more: Any) -> list[tuple[str, str, int, list[str]]]:
    """Return each origin of the entry: what, how, line, and its parts of the command line."""
    got = entry(text, **more)
    return [
        (o.what, o.how, o.line, [got.cmdline[start:end] for start, end in o.spans])
        for o in got.origins
    ]


def test_each_part_of_a_command_line_knows_the_settings_that_gave_it() -> None:
    text = """
set a one
set b x${a}y
initrd /${a}.img
kernel /${b} ${b} z=${a}${mac:hexraw} quiet
boot
"""
    assert origins_of(text) == [
        ("kernel", "", 6, [" z=", " quiet"]),
        ("${b}", "set", 4, ["xoney"]),
        ("${a}", "set", 3, ["one", "one"]),
        ("${mac:hexraw}", "", 0, ["525400abcd0e"]),
        ("initrd", "", 5, []),
        ("${a}", "set", 3, []),
    ]


def test_what_was_chosen_comes_from_its_item() -> None:
    text = "menu\nitem a\nchoose x\nkernel /linux ${x}\nboot\n"
    assert origins_of(text)[1] == ("${x}", "item", 3, ["a"])


def test_a_setting_read_as_another_type_is_not_made_of_the_same_characters() -> None:
    text = "set a AB\nset b:string ${a}\nkernel /linux ${b:hex}\nboot\n"
    assert origins_of(text)[1:] == [("${b:hex}", "set", 3, ["41:42"])]


def test_of_settings_within_settings_nothing_is_told() -> None:
    text = "set a b\nset b c\nkernel /linux ${${a}} d\nboot\n"
    assert origins_of(text) == [("kernel", "", 4, ["c d"])]


# Other scripts


def test_chain_goes_on_in_another_script_and_comes_back() -> None:
    text = "chain sub.ipxe\n"
    assert expand(text, "x=${x}", **{"sub.ipxe": "#!ipxe\nset x 1\nexit\nset x 2\n"}) == "x=1"


def test_chain_fails_when_the_other_script_does() -> None:
    text = "chain sub.ipxe || set x 2\n"
    assert expand(text, "x=${x}", **{"sub.ipxe": "#!ipxe\nset x 1\nexit 1\n"}) == "x=2"


def test_chain_replace_does_not_come_back() -> None:
    text = "chain --replace --autofree sub.ipxe\nkernel /linux\nboot\n"
    (only,) = entries(text, **{"sub.ipxe": "#!ipxe\nset x 1\n"})
    assert (only.kernel, only.action) == (None, "exit")


def test_names_in_another_script_are_relative_to_that_one() -> None:
    sub = "#!ipxe\nkernel vmlinuz\ninitrd ../i\nboot\n"
    got = entry("chain deeper/sub.ipxe", **{"deeper/sub.ipxe": sub})
    assert got.kernel == FileRef(url="http://boot.example.org/ipxe/deeper/vmlinuz")
    assert got.initrds == (FileRef(url="http://boot.example.org/ipxe/i"),)
    assert got.config == "http://boot.example.org/ipxe/deeper/sub.ipxe"


def test_a_url_that_does_not_answer_is_named() -> None:
    assert reason("chain gone.ipxe\n") == (
        "http://boot.example.org/ipxe/gone.ipxe cannot be fetched"
    )
    assert expand("chain gone.ipxe || set x 1", "${x}") == "1"


def test_what_could_not_be_fetched_is_no_initrd() -> None:
    assert entry("chain gone.ipxe ||\nkernel /linux\nboot\n").initrds == ()


def test_scripts_that_chain_to_each_other_come_to_an_end() -> None:
    assert reason("chain menu.ipxe\n") == "scripts chain to each other without end: given up"
    assert "given up" in reason("chain --replace menu.ipxe\n")


def test_what_is_neither_script_nor_kernel_is_said() -> None:
    assert reason("chain page\n", page="<html>") == (
        "http://boot.example.org/ipxe/page is neither a Linux kernel nor a script for iPXE"
    )


def test_no_more_is_fetched_than_a_limit() -> None:
    text = ":a\ninc n\nchain x${n}.ipxe || goto a\n"
    assert (4, "16 files could not be fetched: no more are asked for") in problems(text)
    there = {f"x{n}.ipxe": "#!ipxe\nexit 1\n" for n in range(300)}
    assert (4, "it wants more than 200 files: given up") in problems(text, **there)


def test_what_a_script_would_send_along_is_no_part_of_the_name() -> None:
    text = "params\nparam mac ${mac}\nchain sub.ipxe##params\n"
    sub = "#!ipxe\nkernel /linux\nboot\n"
    assert entry(text, **{"sub.ipxe": sub}).kernel
    assert problems(text, **{"sub.ipxe": sub})[0] == (
        2,
        "what is fetched is asked for without these parameters",
    )


def test_nor_is_it_on_a_disk() -> None:
    found = one_file.items(
        "ipxe",
        "#!ipxe\nchain sub.ipxe##params\n",
        others={"/sub.ipxe": "#!ipxe\nkernel linux#x\nboot\n"},
    )
    assert [e.kernel for e in one_file.entries(found)] == [FileRef(path="/linux")]
