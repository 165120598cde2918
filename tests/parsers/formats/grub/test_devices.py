"""`search`, `probe`, and every name that GRUB has for a device."""

import pytest

from parsers.api import FileRef, Problem, Volume
from parsers.formats.grub import FORMAT
from parsers.formats.grub.language.family import DEBIAN, FAMILIES, Family
from tests.parsers.formats.grub.runs import CONFIG, DISKS, ROOT, machine, offered, printed


def found(script: str, family: Family = DEBIAN) -> list[str]:
    others: dict[str, dict[str, str | bytes]] = {"vdb1": {"/only": ""}, "sda3": {"/both": ""}}
    return printed(machine(script, {"/both": ""}, others, DISKS), family=family).splitlines()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("--set=v --fs-uuid ab-12", "hd0,gpt2"),
        ("--no-floppy --fs-uuid --set=v --hint-bios=hd0,gpt3 u4", "hd1,msdos1"),
        ("--label TWIN -s v", "hd0,gpt3"),
        ("--label TWIN --set v", "hd0,gpt3"),
        ("--fs-uuid --set v u4", "hd1,msdos1"),
        ("--label TWIN --set=v --hint=hd1,msdos1", "hd1,msdos1"),
        ("--label TWIN --set=v --hint=hd1,", "hd1,msdos1"),
        ("--file /only --set=v", "hd1,msdos1"),
        ("--file /both --set=v", "hd0,gpt3"),
        ("--file /both --set=v --hint-ieee1275=hd0,gpt2", "hd0,gpt2"),
        ("--root-dev-only --label TWIN --set=v", "hd0,gpt3"),
        ("--label CD --set=v", "hd2"),
        ("--hint-new=x --fs-uuid --set=v u4", "hd1,msdos1"),
        ("--hint-new x --fs-uuid --set=v u4", "hd1,msdos1"),
        ("--of-next-year --fs-uuid --set=v u4", "hd1,msdos1"),
        ("--efidisk-only --fs-uuid --set=v u4", "hd1,msdos1"),
    ],
)
def test_search_finds_as_grub_does(words: str, name: str) -> None:
    assert found(f"search {words}\necho $v") == [name]


def test_search_of_its_own_kind_takes_its_words_in_order() -> None:
    assert found("search.fs_uuid u4 v\nsearch.file /only w hd0,gpt2\necho $v $w") == [
        "hd1,msdos1 hd1,msdos1"
    ]


@pytest.mark.parametrize(
    ("family", "only", "both"),
    [("rhel-9", "old", "hd0,gpt3"), ("fedora", "hd1,msdos1", "hd0,gpt3")],
)
def test_an_older_search_of_red_hats_may_look_only_where_the_root_is(
    family: str, only: str, both: str
) -> None:
    for file, name in (("/only", only), ("/both", both)):
        script = f"v=old\nsearch --root-dev-only --file {file} --set=v\necho $v"
        assert found(script, FAMILIES[family])[-1] == name


def test_search_may_take_encrypted_disks_only_or_none_of_them() -> None:
    plain = Volume(name="sda1", uuid="u", disk="sda", partition=1, scheme="gpt")
    opened = Volume(name="dm-0", uuid="u", disk="dm-0", mapped="luks", crypt_uuid="ab-cd")
    script = (
        "search --cryptodisk-only --fs-uuid --set=v u\necho $v\n"
        "search --efidisk-only --fs-uuid --set=v u\necho $v\n"
    )
    files = machine(script, volumes=(plain, opened), others={"dm-0": {}}, cpu="x86_64")
    assert printed(files).split() == ["hd1", "hd0,gpt1"]
    alone = machine(script, volumes=(plain,), cpu="x86_64")
    assert printed(alone).splitlines() == ["error: no such device: u.", "", "hd0,gpt1"]


def test_search_without_a_variable_prints_all_what_it_found_before_first() -> None:
    script = "search --label TWIN --hint hd1,msdos1 -s v\nsearch -l TWIN\necho\nsearch -f /only"
    assert found(script) == [" hd1,msdos1 hd0,gpt3 hd1,msdos1", " hd1,msdos1"]


def test_search_wants_a_file_not_a_directory() -> None:
    assert found("search -f /boot -s v\necho $?") == ["error: no such device: /boot.", "5"]
    assert found("search -f both -s v\necho $?") == ["error: no such device: both.", "5"]


def test_search_that_fails_leaves_the_variable_alone() -> None:
    assert found("v=old\nsearch --set=v --fs-uuid none\necho $? $v")[1:] == ["5 old"]


def test_probe_tells_of_a_device() -> None:
    script = "probe -u $root\necho\nprobe --set=l --label (hd1,1)\necho $l\nprobe --fs hd0,gpt2"
    assert found(script) == ["AB-12", "TWIN", "ext2"]


@pytest.mark.parametrize(
    ("device", "volume"),
    [
        ("hd0,gpt2", ""),
        ("hd0,2", ""),
        ("hd5,gpt3", "sda3"),
        ("ieee1275/disk1,msdos1", "vdb1"),
        ("ieee1275//vdevice/v-scsi@71000003/disk@8200000000000000,gpt2", ""),
        ("ieee1275/cdrom", "sdc"),
        ("cd0", "sdc"),
        ("sda3", "sda3"),
    ],
)
def test_a_devices_name_in_the_firmwares_terms_is_found(device: str, volume: str) -> None:
    entry = offered(machine(f"menuentry A {{ linux ({device})/k }}", volumes=DISKS))[0]
    assert entry.kernel == FileRef(path="/k", device=volume)


LAYERS = (
    ROOT,
    Volume(name="dm-0", disk="dm-0", mapped="vg-root", lvm="vg/root", lvm_uuid="a/b", fs="xfs"),
    Volume(name="md127", disk="md127", md="0", md_uuid="01:23:45:67", fs="ext4"),
    Volume(name="dm-1", disk="dm-1", mapped="c", crypt_uuid="0123abcd", fs="ext4"),
)


@pytest.mark.parametrize(
    ("device", "volume"),
    [
        ("lvm/vg-root", "dm-0"),
        ("lvmid/a/b", "dm-0"),
        ("md/0", "md127"),
        ("md/127", "md127"),
        ("mduuid/01234567", "md127"),
        ("cryptouuid/0123abcd", "dm-1"),
        ("crypto0", "dm-1"),
    ],
)
def test_what_is_no_disk_of_the_firmwares_has_names_too(device: str, volume: str) -> None:
    script = f"cryptomount -u 0123abcd\nset root={device}\nmenuentry A {{ linux /k\n}}"
    entry = offered(machine(script, volumes=LAYERS))[0]
    assert entry.kernel == FileRef(path="/k", device=volume)
    assert not entry.waits_for


@pytest.mark.parametrize(
    ("body", "waits_for"),
    [
        ("set root=lvm/vg-root", "the logical volume vg-root"),
        ("set root=mduuid/0123", "the RAID array with UUID 0123"),
        ("cryptomount -u 77\nset root=cryptouuid/77", "the encrypted volume with UUID 77, opened"),
        ("cryptomount (hd0,gpt3)\nset root=crypto0", "an encrypted volume, opened"),
        ("search --set=root --fs-uuid 8", "the file system with UUID 8"),
    ],
)
def test_an_entry_waits_for_its_device_by_what_it_is(body: str, waits_for: str) -> None:
    script = f"menuentry A {{ {body}\nlinux /k\n}}"
    assert offered(machine(script))[0].waits_for == waits_for


def test_a_device_that_nothing_fits_keeps_its_name() -> None:
    entry = offered(machine("set root=lvm/vg-root\nmenuentry A { linux /k }"))[0]
    assert entry.kernel == FileRef(path="/k", device="lvm/vg-root")


def test_a_disk_by_its_firmware_path_is_that_disk() -> None:
    path = "/vdevice/v-scsi@71000003/disk@8200000000000000"
    volumes = (*DISKS[:2], Volume(name="sdd2", disk="sdd", partition=2, firmware_path=path))
    script = f"menuentry A {{ linux (ieee1275/{path},gpt2)/k }}"
    kernel = offered(machine(script, volumes=volumes))[0].kernel
    assert kernel == FileRef(path="/k", device="sdd2")


@pytest.mark.parametrize(
    "script",
    [
        "search --set=root --label NONE\nmenuentry A { linux /both }",
        "menuentry A { search --set=root --label NONE; linux /both }",
        "search.fs_uuid 99-99 root\nconfigfile ($root)/grub.cfg",
    ],
)
def test_a_search_in_vain_is_a_problem_that_another_device_may_end(script: str) -> None:
    items = FORMAT.parse(machine(script, {"/both": ""}, volumes=DISKS), CONFIG)
    assert [item.waits for item in items if isinstance(item, Problem)] == [True]


def test_volumes_of_one_disk_whose_numbers_nobody_knows_are_told_apart() -> None:
    twins = (Volume(name="a", disk="vda"), Volume(name="b", disk="vda"))
    files = machine("menuentry A { linux /k; initrd (b)/i; }", {"/k": ""}, {"b": {"/i": ""}}, twins)
    entry = offered(files)[0]
    assert (entry.kernel, entry.initrds) == (FileRef(path="/k"), (FileRef(device="b", path="/i"),))
