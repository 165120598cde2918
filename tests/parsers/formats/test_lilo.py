"""lilo.conf in detail; whole files are in golden/lilo."""

import math

import pytest

from parsers.api import Entry, FileRef, Password, Volume
from tests.parsers.one_file import entries, items, problems, wish

IMAGE = "image=/vmlinuz\nlabel=a\n"
FSTAB = "UUID=aaaa-2 / ext4 defaults 0 1\nUUID=aaaa-1 /boot ext2 defaults 0 2\n"


def image(text: str) -> Entry:
    (entry,) = entries(items("lilo", text))
    return entry


@pytest.mark.parametrize(
    ("text", "cmdline"),
    [
        (IMAGE, "BOOT_IMAGE=a"),
        (f"root=/dev/sda1\nread-only\nappend=x\n{IMAGE}", "BOOT_IMAGE=a ro root=/dev/sda1 x"),
        (f"{IMAGE}read-write\nramdisk=8\n", "BOOT_IMAGE=a rw ramdisk=8"),
        (f"root=current\n{IMAGE}", "BOOT_IMAGE=a"),
        (f"append=x\n{IMAGE}append=y\n", "BOOT_IMAGE=a y"),
        (f'append=x\nroot=/dev/sda1\n{IMAGE}append=""\n', "BOOT_IMAGE=a root=/dev/sda1"),
        (f'append="x"\n{IMAGE}addappend="y z"\n', "BOOT_IMAGE=a x y z"),
        (f"root=/dev/sda1\n{IMAGE}append=x\nliteral=only\n", "BOOT_IMAGE=a only"),
        (f"vga=791\n{IMAGE}", "BOOT_IMAGE=a"),
    ],
)
def test_command_line_is_what_map_and_prompt_make_together(text: str, cmdline: str) -> None:
    assert image(text).cmdline == cmdline


@pytest.mark.parametrize(
    ("text", "seconds", "style"),
    [
        ("prompt\ntimeout=50\n", 5, "menu"),
        ("prompt\n", math.inf, "menu"),
        ("timeout=50\n", 0, "hidden"),
        ("delay=20\n", 2, "hidden"),
        ("", 0, "hidden"),
    ],
)
def test_without_prompt_the_default_boots_after_the_delay(
    text: str, seconds: float, style: str
) -> None:
    found = wish(items("lilo", f"{text}{IMAGE}"))
    assert (found.timeout, found.style) == (seconds, style)


def test_kernel_is_on_the_volume_that_the_system_mounts_there() -> None:
    found = items(
        "lilo",
        "image=/boot/k\ninitrd=/boot/i\nimage=/k\n",
        on="sda2",
        others={"/etc/fstab": FSTAB},
        trees={"sda1": {"/k": "", "/i": ""}},
    )
    first, second = entries(found)
    assert first.kernel == FileRef(path="/k", device="sda1")
    assert first.initrds == (FileRef(path="/i", device="sda1"),)
    assert second.kernel == FileRef(path="/k")


def test_other_systems_are_listed_and_cannot_boot() -> None:
    other, linux = entries(items("lilo", f"other=/dev/sda2\nlabel=dos\ntable=/dev/sda\n{IMAGE}"))
    assert "another boot loader (/dev/sda2)" in other.unbootable
    assert (other.title, other.default, linux.unbootable) == ("dos", True, "")


def test_optional_image_without_its_file_is_left_out() -> None:
    found = items("lilo", "image=/a\noptional\nimage=/b\noptional\n", others={"/b": ""})
    assert [entry.title for entry in entries(found)] == ["b"]
    assert not problems(found)


@pytest.mark.parametrize("text", [f'password=""\n{IMAGE}', f'{IMAGE}password=""\n'])
def test_what_a_password_in_another_file_locks_stays_locked(text: str) -> None:
    found = items("lilo", text)
    assert entries(found)[0].users is not None
    assert not wish(found).passwords
    ((_, message),) = problems(found)
    assert "lilo.conf.crc" in message


@pytest.mark.parametrize(
    ("common", "own", "users"),
    [
        ("", "", None),
        ("password=x\n", "", ("",)),
        ("password=x\nrestricted\n", "", None),
        ("password=x\n", "restricted\n", None),
        ("password=x\n", "bypass\n", None),
        ("password=x\nrestricted\n", "mandatory\n", ("",)),
        ("", "password=y\n", ("", "a")),
        ("password=x\nrestricted\n", "password=y\nmandatory\n", ("", "a")),
    ],
)
def test_a_password_is_asked_for_as_the_nearest_word_on_it_says(
    common: str, own: str, users: tuple[str, ...] | None
) -> None:
    assert image(f"{common}{IMAGE}{own}").users == users


def test_a_boot_that_is_a_logical_volume_is_found_by_each_of_its_names() -> None:
    volumes = (
        Volume(name="sda1", disk="sda", partition=1),
        Volume(name="dm-0", mapped="vg-boot", lvm="vg/boot"),
    )
    for name in ("/dev/mapper/vg-boot", "/dev/vg/boot"):
        found = items(
            "lilo",
            "image=/boot/vmlinuz\nlabel=a\n",
            others={"/etc/fstab": f"{name} /boot ext4 defaults 0 2\n"},
            volumes=volumes,
        )
        assert entries(found)[0].kernel == FileRef(path="/vmlinuz", device="dm-0")


def test_each_image_may_have_a_password_of_its_own() -> None:
    found = wish(items("lilo", f"password=x\n{IMAGE}password=y\n"))
    assert found.superusers == ("",)
    assert found.passwords == (
        Password(user="", secret="x", nameless=True),
        Password(user="a", secret="y", nameless=True),
    )


def test_with_single_key_a_name_of_one_character_is_a_hotkey() -> None:
    first, second = entries(
        items("lilo", "single-key\nimage=/1\nlabel=l\nimage=/2\nlabel=x2\nalias=2")
    )
    assert (first.hotkey, second.hotkey) == ("l", "2")
    assert not image(f"{IMAGE}alias=1\n").hotkey


def test_how_the_map_is_made_is_nothing_for_us() -> None:
    text = (
        "boot=/dev/sda\nlba32\ncompact\nmap=/boot/map\ninstall=menu\nbitmap=/b.bmp\n"
        f"disk=/dev/sda\n bios=0x80\n inaccessible\nchange-rules\n reset\n{IMAGE}"
    )
    assert not problems(items("lilo", text))
