"""yaboot.conf in detail; whole files are in golden/yaboot."""

import math
from dataclasses import replace

import pytest

from parsers.api import Entry, FileRef, Password, Preferences, Problem, Volume
from parsers.formats.yaboot import FORMAT
from tests.fakes import Machine

CONFIG = "/etc/yaboot.conf"
DISK = (
    Volume(name="sda2", disk="sda", partition=2, uuid="aaaa-2", firmware_path="/vdevice/scsi@1"),
    Volume(name="sda3", disk="sda", partition=3, label="root", firmware_path="/vdevice/scsi@1"),
    Volume(name="sdb3", disk="sdb", partition=3, firmware_path="/vdevice/scsi@2"),
)


def read(
    text: str | bytes, *, on: str = "sda2", volumes: tuple[Volume, ...] = DISK, **more: str
) -> list[Entry | Problem | Preferences]:
    host = Machine({on: {CONFIG: text} | more}, volumes=volumes)
    return list(FORMAT.parse(host.files(on), CONFIG))


def entries(text: str | bytes, **where: object) -> list[Entry]:
    return [item for item in read(text, **where) if isinstance(item, Entry)]  # type: ignore[arg-type]


def problems(text: str | bytes) -> list[tuple[int, str]]:
    return [(p.line, p.message) for p in read(text) if isinstance(p, Problem)]


def kernel(text: str, **where: object) -> FileRef:
    (entry,) = entries(text, **where)
    assert entry.kernel
    return entry.kernel


def test_what_precedes_the_images_is_common_and_an_image_overrides_it() -> None:
    first, second = entries(
        "root=/dev/a\nappend=quiet\nread-only\ninitrd=/i\nimage=/one\nimage=/two\n"
        'root=/dev/b\nappend="x y"\ninitrd=/j\nread-write\n'
    )
    assert first.cmdline == "root=/dev/a ro quiet"
    assert second.cmdline == "root=/dev/b ro rw x y"
    assert [i.path for e in (first, second) for i in e.initrds] == ["/i", "/j"]


def test_nothing_leaks_from_one_image_into_the_next() -> None:
    _, second = entries("image=/1\ninitrd=/i\nliteral=x\nread-only\nalias=a\nimage=/2\n")
    assert (second.cmdline, second.initrds) == ("", ())


def test_command_line_is_put_together_in_the_order_of_yaboot() -> None:
    (entry,) = entries(
        "image=/v\nappend=last\nnovideo\ninitrd-size=8192\nramdisk=4\nread-write\nread-only\nroot=/r"
    )
    assert entry.cmdline == "root=/r ro rw ramdisk=4 ramdisk_size=8192 video=ofonly last"


def test_literal_replaces_the_whole_command_line() -> None:
    (entry,) = entries("root=/dev/a\nimage=/v\nread-only\nappend=x\nliteral=only\n")
    assert entry.cmdline == "only"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"a \"b\" \\ c"', r'a "b" \ c'),
        ('"a \\\n\t  b"', "a  b"),
        (r'"a\nb"', "a\nb"),
        (r"a\ b", "a b"),
        ("a\\\nb", "ab"),
        ("a#b", "a"),
        ('"a#b"', "a#b"),
        ('"tab\there"', "tab\there"),
        ("console=hvc0 quiet", "console=hvc0 quiet"),
        ("one two read-only", "ro one two"),
        ("root=/dev/a b=c read-only", "root=/dev/a b=c read-only"),
        ('a"b', 'a"b'),
    ],
)
def test_values_are_read_as_yaboot_reads_them(written: str, meant: str) -> None:
    (entry,) = entries(f"image=/v\nappend={written}\n")
    assert entry.cmdline == meant


def test_several_settings_may_stand_in_one_line() -> None:
    (entry,) = entries("image=/v label=one read-only root=/dev/a # a comment")
    assert (entry.title, entry.cmdline) == ("one", "root=/dev/a ro")


def test_keys_are_the_same_in_any_case_and_labels_are_not() -> None:
    first, second = entries("DEFAULT=two\nImage=/1\nLABEL=Two\nIMAGE=/2\nLabel=two\n")
    assert (first.default, second.default) == (False, True)


@pytest.mark.parametrize(
    ("default", "chosen"), [("default=b\n", 1), ("default=beta\n", 1), ("", 0), ("default=z\n", 0)]
)
def test_default_is_a_label_or_an_alias_and_else_the_first(default: str, chosen: int) -> None:
    found = entries(f"{default}image=/1\nlabel=a\nimage=/2\nlabel=b\nalias=beta\n")
    assert [entry.default for entry in found] == [i == chosen for i in range(2)]


def test_image_without_a_label_is_called_after_its_file() -> None:
    (entry,) = entries("default=vmlinux\nimage=/boot/vmlinux")
    assert (entry.name, entry.default) == ("vmlinux", True)


def test_names_are_unique_even_when_labels_are_not() -> None:
    found = entries("image=/1\nlabel=a\nimage=/2\nlabel=a~2\nimage=/3\nlabel=a\nimage=/4\nlabel=a")
    assert [e.name for e in found] == ["a", "a~2", "a~3", "a~4"]
    assert [e.title for e in found] == ["a", "a~2", "a", "a"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("50", 5),
        ("0", 0),
        ("1", 0.1),
        ("-1", math.inf),
        ("0x64", 10),
        ("010", 0.8),
        ("9" * 5000, math.inf),
    ],
)
def test_timeout_is_in_tenths_of_a_second(written: str, seconds: float) -> None:
    (wish,) = [p for p in read(f"timeout={written}") if isinstance(p, Preferences)]
    assert wish.timeout == seconds


def test_password_is_asked_for_before_any_image_boots_that_is_not_restricted() -> None:
    text = "password=x\nimage=/1\nlabel=a\nimage=/2\nlabel=b\nrestricted\n"
    assert [(e.title, e.users) for e in entries(text)] == [("a", ("",)), ("b", None)]
    (wish,) = [p for p in read(text) if isinstance(p, Preferences)]
    assert wish.superusers == ("",)  # for changes of either command line
    assert wish.passwords == (Password(user="", secret="x", nameless=True),)


def test_password_may_be_a_hash_of_crypt() -> None:
    (wish,) = [p for p in read("password=$1$ab$cdef\nimage=/1\n") if isinstance(p, Preferences)]
    assert wish.passwords == (Password(user="", secret="$1$ab$cdef", hashed=True, nameless=True),)


def test_image_for_the_other_kind_of_machine_is_listed_with_the_reason() -> None:
    text = (
        "default=a\nimage[32bit]=/32\nlabel=a\nimage[64bit]=/64\nlabel=a\nimage=/any\nlabel=c\n"
        "image[128bit]=/128\n"
    )
    other, own, any_, unknown = entries(text)
    assert other.unbootable == "it is for 32-bit machines, this machine is ppc64le"
    assert unknown.unbootable == "it is for 128bit, this machine is ppc64le"
    assert own.unbootable == any_.unbootable == ""
    # It takes neither the name nor the default from the image for this machine.
    assert (other.name, own.name) == ("a~2", "a")
    assert [e.default for e in (other, own, any_)] == [False, True, False]
    assert problems(text) == []


def test_file_with_nothing_for_this_machine_has_no_default() -> None:
    (entry,) = entries("image[32bit]=/32\nlabel=a\n")
    assert not entry.default


def test_suse_kernels_that_only_firmware_can_start_are_replaced_by_their_parts() -> None:
    tree = {
        "/suseboot/yaboot.cnf": "image[64bit]=inst64\nlabel=install\n",
        **dict.fromkeys(("/suseboot/vmlinux64", "/suseboot/initrd64", "/suseboot/inst64"), ""),
    }
    (entry,) = FORMAT.parse(Machine({"sr0": tree}).files("sr0"), "/suseboot/yaboot.cnf")
    assert isinstance(entry, Entry)
    assert entry.kernel == FileRef(path="/suseboot/vmlinux64")
    assert entry.initrds == (FileRef(path="/suseboot/initrd64"),)


@pytest.mark.parametrize(
    ("settings", "device"),
    [
        ("", ""),
        ("partition=2", ""),
        ("partition=3", "sda3"),
        ("partition=9", "sda9"),
        ("device=hd:\npartition=3", "sda3"),
        ("device=hd:", ""),
        ("device=/vdevice/scsi@2\npartition=3", "sdb3"),
        ("device=/vdevice/scsi@2:\npartition=3", "sdb3"),
        ("device=/vdevice/scsi@2:3", "sdb3"),
        ("device=/VDEVICE/SCSI@1\npartition=2", ""),
        ("device=/vdevice/scsi@7\npartition=3", "/vdevice/scsi@7:3"),
        (f"device=/a:{'9' * 5000}", f"/a:{'9' * 5000}"),
        ("device=/dev/sdb3", "sdb3"),
        ("device=/dev/sdb\npartition=3", "sdb3"),
        ("device=sdb1\npartition=3", "sdb3"),
        ("device=/dev/nvme0n1p1\npartition=3", "/dev/nvme0n1p3"),
        ("device=UUID=AAAA-2", ""),
        ('device="UUID=aaaa-9"', "UUID=aaaa-9"),
        ("device=LABEL=root", "sda3"),
    ],
)
def test_device_and_partition_say_where_the_files_are(settings: str, device: str) -> None:
    assert kernel(f"{settings}\nimage=/v") == FileRef(path="/v", device=device)


@pytest.mark.parametrize(
    ("image", "ref"),
    [
        ("hd:3,/v", FileRef(path="/v", device="sda3")),
        ("hd:,/v", FileRef(path="/v")),
        ("hd:0,/v", FileRef(path="/v", device="sda")),
        ("enet:0,/v", FileRef(path="/v", device="enet")),
        ("/vdevice/scsi@2:3,/boot/v", FileRef(path="/boot/v", device="sdb3")),
        ("/pci/ADPT,2930CU@2/@1:9,/v", FileRef(path="/v", device="/pci/ADPT,2930CU@2/@1:9")),
        ("sdb3:/v", FileRef(path="/v", device="sdb3")),
        ("/dev/sdb3:v", FileRef(path="/v", device="sdb3")),
        ("LABEL=root:/v", FileRef(path="/v", device="sda3")),
        ("UUID=1234:/v", FileRef(path="/v", device="UUID=1234")),
        ("http://host/v", FileRef(url="http://host/v")),
        ("v", FileRef(path="/v")),
        ("/boot/v:1", FileRef(path="/boot/v:1")),
        (r'"\\boot\\v"', FileRef(path="/boot/v")),
    ],
)
def test_image_may_name_its_own_device(image: str, ref: FileRef) -> None:
    assert kernel(f"image={image}") == ref


def test_an_image_takes_back_what_holds_for_all() -> None:
    common = "append=x\nroot=/dev/sda1\ninitrd=/i\npartition=3\n"
    own = 'append=""\ninitrd=""\npartition=""\n'
    text = f'{common}image=/1\n{own}image=/2\nliteral=""\n'
    first, second = entries(text)
    assert (first.cmdline, first.initrds) == ("root=/dev/sda1", ())
    assert (second.cmdline, len(second.initrds)) == ("", 1)
    assert not problems(text)


def test_firmware_path_means_the_own_disk_on_a_machine_without_firmware() -> None:
    bare = tuple(replace(volume, firmware_path="") for volume in DISK)
    text = "device=/vdevice/scsi@7\npartition=3\nimage=/v"
    assert kernel(text, volumes=bare) == FileRef(path="/v", device="sda3")


def test_partition_of_a_tree_without_a_disk_is_the_tree() -> None:
    text = "device=hd:\npartition=3\nimage=/v"
    assert kernel(text, on="root", volumes=()) == FileRef(path="/v")


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("\n= x", 2, "not a setting"),
        ("image=/v\n\nappend=", 3, "no value"),
        ("image=/v\nappend", 2, "no value"),
        ('append=""\nimage=/v', 1, "no value"),
        ('image=/v\nlabel=""', 2, "no value"),
        ('image=/v\nappend="x', 2, "quotation mark is missing"),
        ('image=/v\nappend="\\x"', 2, "backslash"),
        ("image=/v\nread-only=yes", 2, "takes no value"),
        ("image=/v\ntimeout=5", 2, "before the first image"),
        ("literal=x", 1, "belongs to an image"),
        ("macosx=\nimage=/v", 1, "'macosx' has no value"),
        ("image=/v\nsnail=1", 2, "unknown setting: 'snail'"),
        ("timeout=soon", 1, "not a number"),
        ("partition=hd3\nimage=/v", 1, "not a number: 'hd3'"),
        ("default=x\nimage=/v", 1, "no image is called 'x'"),
        ("image=/1\nimage=/dir/1", 2, "called '1' already"),
        ("append=a\nappend=b", 2, "a second time"),
        ("image=/v\nlabel=a b", 2, "needs quotation marks"),
    ],
)
def test_each_mistake_costs_itself_and_is_told_with_its_line(
    text: str, line: int, word: str
) -> None:
    ((where, message),) = problems(text)
    assert where == line
    assert word in message


def test_settings_of_the_installers_are_no_mistakes() -> None:
    assert not problems("boot=/dev/sda1\nmacos=/dev/sda3\nenablecdboot\nnonvram\ndelay=10\n")


def test_carriage_returns_byte_order_mark_latin1_and_no_final_newline_are_all_fine() -> None:
    text = "\ufefftimeout=5\r\nimage=/v\r\n\tlabel=a\rappend=".encode() + b'"caf\xe9"'
    (entry,) = entries(text)
    assert (entry.line, entry.title, entry.cmdline) == (2, "a", "caf\udce9")
    assert not problems(text)
