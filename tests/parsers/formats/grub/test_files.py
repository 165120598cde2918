"""`ls`, `cat`, `cmp`."""

from tests.fakes import Machine
from tests.parsers.formats.grub.runs import CONFIG, ROOT, echoed, printed

FILES = {"/dir/b": "", "/dir/a": "x", "/dir/.c": "", "/text": "one\n\x01two\n"}


def test_ls_prints_names_devices_and_what_is_wrong() -> None:
    assert echoed("ls /dir\nls -a /dir\nls /text\nls (hd0,msdos1)/ \nls -l /dir/", **FILES) == [
        "a b ", ".c a b ", "text ", "boot/ dir/ text ", "1           a", "0           b", ""
    ]  # fmt: skip
    assert echoed("ls\nls (hd0,msdos1)\nls /none\necho $?\nls (hd9)/\nls x") == [
        "(hd0) (hd0,msdos1) ",
        f"Partition hd0,msdos1: Filesystem type ext4 - Label `ROOT', UUID {ROOT.uuid}",
        "error: file `/none' not found.",
        "0",
        "error: disk `hd9' not found.",
        "error: file `x' not found.",
    ]


def test_ls_tells_sizes_and_times_in_both_ways() -> None:
    script = "ls -l /\nls -lh /\nls -l /a"
    files = {CONFIG: script, "/a": "x" * 1536, "/b": "x" * 3_000_000, "/c": "x" * 1023}
    host = Machine({"sda1": files}, times={"/a": 1_700_000_000})
    assert printed(host.files("sda1")).splitlines() == [
        "1536         20231114221320 a",
        "3000000     b",
        "DIR         boot/",
        "1023        c",
        "",
        "1.50K        2023-11-14 22:13:20 Tuesday     a",
        "2.86M       b",
        "DIR         boot/",
        "1023        c",
        "",
        "",
    ]


def test_cat_and_cmp_read_files() -> None:
    assert echoed("cat /text\ncmp /text /text\necho $?\ncmp /text /dir/a\necho $?", **FILES) == [
        "one", "<1>two", "", "0", "1"
    ]  # fmt: skip
    assert echoed("cat /dir\ncat (hd0,9)/x\ncat (hd0\nunset root\ncat /x", **FILES) == [
        "error: not a regular file.",
        "error: no such partition.",
        "error: missing `)' symbol.",
        "error: variable `root' isn't set.",
    ]
