"""Which of GRUB's dialects a configuration is written in, and what each makes of it."""

from pathlib import Path

import pytest

from parsers.grub.dialect import spoken

CORPUS = Path(__file__).parents[3] / "shared/cases/corpus/grub.cfg"
FEDORAS = {
    "coreos+bootupd/src/grub2/grub-static-efi.cfg",
    "coreos+bootupd/src/grub2/grub-static-pre.cfg",
    "ravensys+multiboot-drive/boot/grub2/grub.cfg",
    "snapshotmanager+boom-boot/tests/bootloader_configs/default/boot/grub2/grub.cfg",
}


@pytest.mark.parametrize(
    ("path", "text", "dialect"),
    [
        ("/boot/grub/grub.cfg", "menuentry A { linux /k }", "debian"),
        ("/boot/grub2/grub.cfg", "menuentry A { linux /k }", "fedora"),
        ("/grub2/grub.cfg", "", "fedora"),
        ("/boot/grub2/grub.cfg", "menuentry 'openSUSE Leap' --class opensuse {", "debian"),
        ("/EFI/fedora/grub.cfg", "configfile $prefix/grub.cfg", "fedora"),
        ("/EFI/CentOS/grub.cfg", "", "fedora"),
        ("/EFI/debian/grub.cfg", "set prefix=($root)'/boot/grub'", "debian"),
        ("/EFI/BOOT/grub.cfg", "set prefix=($dev)/grub2\nconfigfile $prefix/grub.cfg", "fedora"),
        ("/EFI/BOOT/grub.cfg", "linuxefi /k inst.stage2=hd:LABEL=CentOS\\x207", "fedora"),
        ("/boot/grub/grub.cfg", "insmod blscfg\nblscfg", "fedora"),
        ("/boot/grub/grub.cfg", "if true; then blscfg; fi", "fedora"),
        ("/boot/grub/grub.cfg", "if [ $x ]; then\n  decrement boot_counter\nfi", "fedora"),
        ("/boot/grub/grub.cfg", "linux /k $kernelopts", "fedora"),
        ("/boot/grub/grub.cfg", "# increment the counter, then blscfg\nset x=1", "debian"),
        ("/boot/grub/grub.cfg", "echo 'increment it'", "debian"),
        ("/boot/grub/grub.cfg", "linux /k inst.stage2=hd:LABEL=Fedora", "debian"),
    ],
)
def test_the_dialect_is_seen_from_the_text_and_its_place(
    path: str, text: str, dialect: str
) -> None:
    assert spoken(path, text).name == dialect


@pytest.mark.skipif(not CORPUS.exists(), reason="the cases are not here")
def test_of_the_real_files_those_are_red_hats_that_a_person_would_say_are() -> None:
    found = set()
    for described in CORPUS.rglob("*.machine.json"):
        file = described.with_name(described.name.removesuffix(".machine.json"))
        # Where it lies in its project tells more than the machine that was made up around it.
        path = str(file.relative_to(CORPUS))
        if spoken(f"/{path}", file.read_text(errors="surrogateescape")).name == "fedora":
            found.add(path)
    assert found == FEDORAS
