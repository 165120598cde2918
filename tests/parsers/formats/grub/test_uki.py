"""`uki` and `chainloader` make entries of unified kernel images."""

import pytest

from parsers.api import Entry, FileRef, Files, Volume
from parsers.formats.grub.language.family import FEDORA, NIXOS, UPSTREAM
from tests.efi import made
from tests.parsers.formats.grub.runs import machine, offered, printed, problems

PLACE = "/EFI/Linux"


def image(title: str = "Arch Linux", cmdline: str = "root=LABEL=a", **more: str) -> bytes:
    sections = {"osrel": f'PRETTY_NAME="{title}"\n', "cmdline": cmdline, "linux": "MZ kernel"}
    sections |= {"initrd": "070701", **more}
    about = {"sections": [[f".{name}", text] for name, text in sections.items() if text]}
    return made(about)


FILES: dict[str, str | bytes] = {
    f"{PLACE}/arch-6.9.efi": image("Old"),
    f"{PLACE}/arch-6.10.efi": image("New"),
    f"{PLACE}/other.efi": image("None", osrel=""),
    f"{PLACE}/readme.txt": "",
    "/other/o.efi": image("Other"),
}


def run(script: str, files: dict[str, str | bytes] | None = None) -> Files:
    return machine(script, FILES if files is None else files, cpu="x86_64")


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        ("uki", ["New", "Old"]),
        ("uki\nuki", ["New", "Old", "New", "Old"]),
        ("set default=arch-6.9.efi\nuki --show-default", ["Old"]),
        ("set default=1\nuki -n", ["New"]),
        ("uki --entry arch-6.9.efi", ["Old"]),
        ("uki --path /other", ["Other"]),
        ("uki -p ($root)/other/o.efi", ["Other"]),
        ("uki -p /none", []),
        ("uki -p /none -f", ["New", "Old"]),
        ("uki arch-6.9.efi", []),
    ],
)
def test_which_images_it_shows(script: str, titles: list[str]) -> None:
    for family in (UPSTREAM, NIXOS, FEDORA):
        assert [entry.title for entry in offered(run(script), family=family)] == titles


def test_an_image_is_its_kernel_its_initrd_and_its_command_line() -> None:
    new, old = offered(run("set default=arch-6.9.efi\nuki"), family=UPSTREAM)
    assert (old.name, old.default, old.users) == ("arch-6.9.efi", True, None)
    assert (new.name, new.default, new.cmdline) == ("arch-6.10.efi", False, "root=LABEL=a")
    assert new.kernel
    assert (new.kernel.path, new.kernel.size) == (f"{PLACE}/arch-6.10.efi", len("MZ kernel"))
    assert [part.size for part in new.initrds] == [len("070701")]
    assert not new.unbootable


def test_the_images_lie_on_the_esp_of_the_disk() -> None:
    boot = Volume(name="sda2", fs="ext4", disk="sda", partition=2, scheme="gpt")
    esp = Volume(name="sda1", fs="vfat", disk="sda", partition=1, scheme="gpt")
    trees = {"sda1": {f"{PLACE}/a.efi": image()}}
    files = machine("uki", None, trees, (boot, esp), cpu="x86_64")
    (entry,) = offered(files, family=UPSTREAM)
    assert entry.kernel
    assert (entry.kernel.device, entry.kernel.path) == ("sda1", f"{PLACE}/a.efi")


def test_there_is_no_such_command_without_efi_or_in_an_older_grub() -> None:
    missing = "error: can't find command `uki'.\n"
    assert printed(machine("uki", FILES), family=UPSTREAM) == missing
    assert printed(run("uki")) == missing
    assert problems(machine("uki", FILES), UPSTREAM) == []


def chained(words: str, files: dict[str, str | bytes] | None = None) -> Entry:
    (entry,) = offered(run(f"menuentry A {{ chainloader {words} }}", files))
    return entry


def test_a_chained_image_boots_and_other_programs_do_not() -> None:
    files: dict[str, str | bytes] = {"/a.efi": image(), "/b.efi": image(linux="")}
    assert chained("/a.efi", files).cmdline == "root=LABEL=a"
    assert chained("/a.efi quiet splash", files).cmdline == "quiet splash"
    assert chained("(hd0,msdos1)/a.efi", files).kernel
    assert chained("/b.efi", files).unbootable == (
        "it starts another boot loader (/b.efi), which Linux cannot start"
    )
    assert chained("/none.efi", files).unbootable


def test_linux_takes_an_image_as_the_kernel_in_it_with_the_command_line_of_its_own() -> None:
    files: dict[str, str | bytes] = {"/a.efi": image(), "/k.efi": "a kernel"}
    script = "menuentry A { linux /a.efi quiet }\nmenuentry B { linux /k.efi quiet }"
    unified, plain = offered(run(script, files))
    assert unified.kernel
    assert (unified.kernel.path, unified.kernel.size) == ("/a.efi", len("MZ kernel"))
    assert unified.cmdline == "BOOT_IMAGE=/a.efi quiet"
    assert len(unified.initrds) == 1
    assert plain.kernel == FileRef(path="/k.efi")


def test_red_hats_entries_may_name_an_image() -> None:
    files: dict[str, str | bytes] = {
        "/u.efi": image(),
        "/loader/entries/a.conf": "title A\nefi /u.efi\n",
        "/loader/entries/b.conf": "title B\nlinux /k\nefi /u.efi\noptions ro\n",
    }
    entries = {e.title: e for e in offered(run("blscfg", files), family=FEDORA)}
    assert {title: e.cmdline for title, e in entries.items()} == {"A": "root=LABEL=a", "B": "ro"}
    assert all(e.kernel and e.kernel.path == "/u.efi" for e in entries.values())
    assert [e.kernel for e in offered(run("blscfg", files), family=UPSTREAM)] == [
        FileRef(path="/k")
    ]
