"""menu.lst in detail; whole files are in golden/grub-legacy."""

import pytest

from parsers.api import Entry, FileRef, Password, Volume
from tests.parsers.one_file import entries, items, problems, wish

GPT = (
    Volume(name="nvme0n1p1", disk="nvme0n1", partition=1, scheme="gpt"),
    Volume(name="nvme0n1p2", disk="nvme0n1", partition=2, scheme="gpt"),
    Volume(name="sda1", disk="sda", partition=1, scheme="gpt"),
    Volume(name="sda2", disk="sda", partition=2, scheme="gpt"),
)


def menu(text: str, **where: object) -> list[Entry]:
    return entries(items("grub-legacy", text, **where))  # type: ignore[arg-type]


def body(text: str, **where: object) -> Entry:
    (entry,) = menu(f"title a\n{text}", **where)
    return entry


def test_arguments_reach_the_kernel_as_they_stand() -> None:
    entry = body("kernel /vmlinuz  root=/dev/sda1   x='a  b' #c\ninitrd /i\n")
    assert entry.cmdline == "root=/dev/sda1   x='a  b' #c"
    assert (entry.kernel, entry.initrds) == (FileRef(path="/vmlinuz"), (FileRef(path="/i"),))


@pytest.mark.parametrize(
    "line", ["kernel /v a", "\tkernel\t/v\ta", "kernel=/v a", "kernel = /v a", "kernel /v \\\na"]
)
def test_a_command_ends_at_white_space_or_equals_and_goes_on_after_a_backslash(line: str) -> None:
    entry = body(f"{line}\n")
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/v"), "a")


def test_options_of_kernel_are_not_the_kernels() -> None:
    entry = body("kernel --no-mem-option --type=linux /v mem=1G\n")
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/v"), "mem=1G")


def test_several_initrds_on_a_line_or_on_several() -> None:
    found = body("kernel /v\ninitrd /a (hd0,1)/b\ninitrd /c\n").initrds
    assert found == (FileRef(path="/a"), FileRef(path="/b", device="sda2"), FileRef(path="/c"))


@pytest.mark.parametrize(
    ("root", "device"),
    [
        ("(hd0,0)", ""),
        ("(hd0,1)", "sda2"),
        ("(hd1,0)", "sdb1"),
        ("(hd0,1,a)", "sda2"),
        ("(hd7,0)", ""),  # no such disk: a partition of that number, first on the own disk
        ("(hd0,6)", "hd0,6"),
        ("(fd0)", "fd0"),
        ("(nd)", "nd"),
        ("()", ""),
        ("", ""),
    ],
)
def test_disks_and_partitions_count_from_zero(root: str, device: str) -> None:
    assert body(f"root {root}\nkernel /v\n").kernel == FileRef(path="/v", device=device)
    if root:
        assert body(f"kernel {root}/v\n").kernel == FileRef(path="/v", device=device)


def test_the_second_disk_is_found_whatever_its_partition_table_is_called() -> None:
    found = body("root (hd1,1)\nkernel /v\n", volumes=GPT, on="nvme0n1p1")
    assert found.kernel == FileRef(path="/v", device="sda2")


def test_the_file_tells_which_disk_was_meant_when_their_order_has_changed() -> None:
    text = "root (hd0,0)\nkernel /v\ninitrd /i\n"
    entry = body(text, trees={"sdb1": {"/v": "", "/i": ""}})
    assert entry.kernel == FileRef(path="/v", device="sdb1")
    assert entry.initrds == (FileRef(path="/i", device="sdb1"),)


def test_a_directory_is_every_disk() -> None:
    entry = body("root (hd1,3)\nkernel /v\n", volumes=(), on="root")
    assert entry.kernel == FileRef(path="/v")


@pytest.mark.parametrize(
    ("command", "device", "waits"),
    [
        ("uuid bbbb-1", "sdb1", ""),
        ("uuid none", "UUID=none", ""),
        ("uuid", "", ""),
        ("findroot (BE_x,0,a)", "sdb1", ""),
        ("findroot BE_y", "", "a file system with /boot/grub/bootsign/BE_y"),
        ("find --set-root --ignore-floppies /here", "sdb1", ""),
        ("find /here", "", ""),
        ("find --set-root /lost || find --set-root /here", "", "a file system with /lost"),
    ],
)
def test_a_root_may_be_searched_for(command: str, device: str, waits: str) -> None:
    other = {"/boot/grub/bootsign/BE_x": "", "/here": ""}
    entry = body(f"{command}\nkernel /v\n", trees={"sdb1": other})
    assert entry.kernel == FileRef(path="/v", device=device)
    assert entry.waits_for == waits


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("chainloader +1", "it starts a boot sector, which"),
        ("rootnoverify (hd0,0)\nchainloader +1", "it starts the boot sector of (hd0,0), which"),
        ("chainloader --force (hd0,1)+1", "it starts the boot sector of (hd0,1), which"),
        ("chainloader /bootmgr", "it starts another boot loader (/bootmgr), which"),
        ("kernel /xen.gz\nmodule /vmlinuz x", "multiboot kernel (/xen.gz)"),
        ("kernel /xen.gz\nmodulenounzip /i", "multiboot"),
        ("kernel$ /multiboot\nmodule$ /x", "multiboot"),
        ("kernel --type=netbsd /netbsd", "type netbsd"),
        ("kernel /boot/grub/core.img", "another boot loader"),
        ("kernel (hd0,0)0+64", "the boot sector of (hd0,0)"),
        ("map (hd0) (hd1)\nmap (hd1) (hd0)\nmakeactive", "maps disks"),
        ("map /x.iso (0xff)\nmap --hook\nroot (0xff)\nkernel /v", "the image /x.iso"),
        ("commandline", "command line"),
        ("configfile /lost.lst", "/lost.lst is not there"),
        ("root", "starts nothing"),
    ],
)
def test_what_is_no_linux_says_why(text: str, word: str) -> None:
    entry = body(f"{text}\n")
    assert word in entry.unbootable
    assert entry.kernel is None


def test_disks_that_are_mapped_for_a_later_system_do_not_keep_linux_from_booting() -> None:
    entry = body("kernel /k ro\nmap (hd0) (hd1)\n")
    assert (entry.kernel, entry.cmdline, entry.unbootable) == (FileRef(path="/k"), "ro", "")


def test_initrds_of_grub4dos_may_be_packed_under_a_name() -> None:
    entry = body("kernel /v\ninitrd /i @etc/x.conf=(hd0,0)/my.conf\n")
    assert [(ref.path, ref.packed) for ref in entry.initrds] == [
        ("/i", ""),
        ("/my.conf", "etc/x.conf"),
    ]


def test_version_with_a_plus_is_no_list_of_blocks() -> None:
    assert not body("kernel /vmlinuz-5.10.0+1-amd64\n").unbootable


@pytest.mark.parametrize(
    ("command", "action"), [("reboot", "reboot"), ("halt --no-apm", "halt"), ("quit", "exit")]
)
def test_restarting_and_switching_off_are_done(command: str, action: str) -> None:
    assert body(f"{command}\n").action == action


@pytest.mark.parametrize(
    ("general", "kept", "chosen"),
    [
        ("", None, 0),
        ("default 1\n", None, 1),
        ("default=0x1\n", None, 1),
        ("default saved\n", "2\n#\n#\n", 2),
        ("default saved\n", None, 0),
        ("default saved\n", "", 0),
        ("default 9\nfallback 2\n", None, 2),
        ("default 9\n", None, 0),
        ("default one\n", None, 0),
    ],
)
def test_the_default_is_a_number_or_the_saved_one(
    general: str, kept: str | None, chosen: int
) -> None:
    others = {} if kept is None else {"/boot/grub/default": kept}
    text = f"{general}title a\nkernel /1\ntitle b\nkernel /2\ntitle c\nkernel /3\n"
    assert [e.default for e in menu(text, others=others)] == [n == chosen for n in range(3)]


def test_titles_without_commands_are_not_counted() -> None:
    found = items("grub-legacy", "default 1\ntitle x\ntitle a\nkernel /1\ntitle b\nkernel /2\n")
    assert [(e.title, e.default) for e in entries(found)] == [("a", False), ("b", True)]
    ((line, message),) = problems(found)
    assert line == 2
    assert "has no commands" in message


def test_a_title_without_words_can_be_seen() -> None:
    (entry,) = menu("title\nkernel /1\n")
    assert (entry.title, entry.name) == ("untitled", "")


def test_what_the_menu_says_as_a_whole() -> None:
    text = "timeout 7\nhiddenmenu\nfallback 1 0 5\ntitle a\nkernel /1\ntitle b\nkernel /2\n"
    found = wish(items("grub-legacy", text))
    assert (found.timeout, found.style, found.fallback) == (7, "hidden", ("b", "a"))


def test_a_password_is_for_editing_and_for_what_is_locked() -> None:
    text = (
        "password --md5 $1$ab$cdef\ntitle a\nkernel /1\ntitle b\nlock\nkernel /2\n"
        "title c\npassword own\nkernel /3\n"
    )
    found = items("grub-legacy", text)
    assert [e.users for e in entries(found)] == [None, ("",), ("", "c")]
    assert wish(found).superusers == ("",)
    assert wish(found).passwords == (
        Password(user="", secret="$1$ab$cdef", hashed=True, nameless=True),
        Password(user="c", secret="own", nameless=True),
    )


def test_a_lock_without_a_password_locks_nothing() -> None:
    assert body("lock\nkernel /v\n").users is None


def test_configfile_leads_to_a_submenu_and_its_default_is_the_default() -> None:
    other = "default 1\ntitle x\nkernel /1\ntitle y\nkernel /2\n"
    found = menu("title more\nconfigfile /m.lst\n", others={"/m.lst": other})
    assert [(e.title, e.trail, e.default) for e in found] == [
        ("x", ("more",), False),
        ("y", ("more",), True),
    ]


def test_passwords_of_a_menu_further_on_open_its_entries() -> None:
    other = "password deep\ntitle x\nlock\nkernel /1\n"
    found = items("grub-legacy", "title more\nconfigfile /m.lst\n", others={"/m.lst": other})
    assert [e.users for e in entries(found)] == [("",)]
    assert wish(found).passwords == (Password(user="", secret="deep", nameless=True),)


def test_a_menu_on_another_disk_counts_the_disks_as_this_one_does() -> None:
    other = "title x\nkernel /1\ninitrd (hd0,0)/i\ntitle y\nkernel (hd1,0)/2\n"
    x, y = menu("title more\nroot (hd1,0)\nconfigfile /m.lst\n", trees={"sdb1": {"/m.lst": other}})
    assert (x.kernel, x.initrds) == (FileRef(path="/1", device="sdb1"), (FileRef(path="/i"),))
    assert y.kernel == FileRef(path="/2", device="sdb1")


def test_menus_that_lead_to_each_other_end() -> None:
    other = "title back\nconfigfile /boot/grub/menu.lst\ntitle itself\nconfigfile /m.lst\n"
    found = menu("title more\nconfigfile /m.lst\n", others={"/m.lst": other})
    assert all("shown already" in e.unbootable for e in found)


@pytest.mark.parametrize(
    "text",
    [
        "menuentry 'a' {\n linux /v x\n}\n",
        "set timeout=1\nif true; then\n  submenu s {\n menuentry a { linux /v x; }\n}\nfi\n",
    ],
)
def test_a_script_for_grub_2_is_read_as_one(text: str) -> None:
    (entry,) = menu(text, others={"/v": ""})
    assert entry.cmdline == "BOOT_IMAGE=/v x"


def test_variables_help_texts_and_free_lines_of_grub4dos() -> None:
    text = (
        "set name=Puppy\ntitle %name%\\nHelp for %name%\nkernel /v a=%name% 100% %other%\n"
        "title\nroot\niftitle [if exist /x] Maybe\nkernel /w\n"
    )
    first, second = menu(text)
    assert (first.title, first.help) == ("Puppy", "Help for Puppy")
    assert first.cmdline == "a=Puppy 100% %other%"
    assert second.title == "Maybe"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("wibble\n", 1, "unknown command: 'wibble'"),
        ("kernel /v\n", 1, "belongs to an entry"),
        ("timeout soon\n", 1, "not a number"),
        ("title a\nkernel /v\ntimeout 5\n", 3, "before the first title"),
        ("title a\nkernel\n", 2, "names no file"),
        ("title a\ninitrd /i\n", 2, "no kernel"),
        ("title a\nroot hd0\n", 2, "not a device"),
        ("title a\nkernel /v\nfindroot\n", 3, "no file"),
        ("title a\nkernel /v\nfrobnicate\n", 3, "unknown command"),
        ("fallback x\ntitle a\nkernel /v\n", 1, "a fallback is not a number"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, word: str) -> None:
    assert any(
        where == line and word in message for where, message in problems(items("grub-legacy", text))
    )


def test_screen_and_bios_are_no_mistakes() -> None:
    text = (
        "color a/b\nserial --unit=0\nterminal serial\nsplashimage=(hd0,0)/x\nsetkey\n"
        "title a\nsavedefault\nkernel /v\nquiet\nboot\n"
    )
    assert not problems(items("grub-legacy", text))
