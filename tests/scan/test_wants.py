"""A scan that waits says which volumes would make it give more."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.api import ANY, Volume
from parsers.formats import formats
from parsers.places.volumes import find
from petipy.scan.tree import scan_tree
from petipy.state.model import Scan
from tests.fakes import Machine

CONFIG = "/boot/grub/grub.cfg"
OWN = Volume(name="sda2", uuid="AB", label="ROOT", disk="sda", partition=2, scheme="gpt", fs="ext4")
OTHERS = (
    Volume(name="sdb1", uuid="B1", label="DATA", disk="sdb", partition=1, scheme="gpt", fs="ext4"),
    Volume(name="sdb2", uuid="B2", label="' x", disk="sdb", partition=2, scheme="gpt", fs="xfs"),
    Volume(name="sdc1", uuid="c1", label="DATA", disk="sdc", partition=1, scheme="msdos"),
    Volume(name="dm-0", uuid="d0", disk="dm-0", mapped="vg-root", lvm="vg/root", fs="ext4"),
    Volume(name="dm-1", uuid="d1", disk="dm-1", mapped="c", crypt_uuid="0123abcd", fs="ext4"),
)
TREES = {
    "sda2": {"/vmlinuz": ""},
    "sdb1": {"/vmlinuz": "", "/x.cfg": "menuentry X { linux /vmlinuz }"},
    "sdb2": {"/vmlinuz": "", "/mark": ""},
    "sdc1": {"/x.cfg": "menuentry Y { linux /y }"},
    "dm-0": {"/vmlinuz": ""},
    "dm-1": {"/mark": ""},
}


def scanned(text: str, volumes: Sequence[Volume], path: str = CONFIG) -> Scan:
    own = TREES["sda2"] | {path: text}
    host = Machine(TREES | {"sda2": own}, volumes=(OWN, *volumes))
    host.volumes = (OWN, *volumes)  # not the volumes of all trees
    return scan_tree(host.files("sda2"), list(formats()))


ENTRY = "menuentry A { linux /vmlinuz }"


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        (ENTRY, ()),
        (f"search --set=root --fs-uuid B1\n{ENTRY}", ("UUID=B1",)),
        (f"search --set=root --label DATA\n{ENTRY}", ("LABEL=DATA",)),
        ("menuentry A { search -s root -u B1 --hint=hd9,gpt7; linux /no }", ("UUID=B1",)),
        (f"search -s a -l DATA\nsearch -s root -u B1\n{ENTRY}", ("LABEL=DATA", "UUID=B1")),
        (f"search --set=root --file /mark\n{ENTRY}", (ANY,)),
        (f'search --set=root --label "\' x"\n{ENTRY}', (ANY,)),
        (f"search -s root -u B1\nif [ -f (hd1,gpt2)/mark ]; then true; fi\n{ENTRY}", (ANY,)),
        (f"search -s root -u B1\nfor d in (*); do true; done\n{ENTRY}", (ANY,)),
        (f"cryptomount -u 0123abcd\n{ENTRY}\nmenuentry B {{ linux (crypto0)/k }}", (ANY,)),
        ("menuentry A { set root=lvm/vg-root; linux /k }", (ANY,)),
        # Nothing waits: the volume of the name is looked for without another scan.
        ("menuentry A { linux (hd1,gpt2)/vmlinuz }", ()),
    ],
)
def test_a_configuration_of_grub_wants_what_it_searched_for(
    text: str, wants: tuple[str, ...]
) -> None:
    assert scanned(text, ()).wants == wants


def test_a_format_that_does_not_say_wants_any_volume() -> None:
    text = "title A\nfindroot (sign)\nkernel /vmlinuz\n"
    assert scanned(text, (), "/boot/grub/menu.lst").wants == (ANY,)


WORDS = (
    "search --set=root --fs-uuid B1",
    "search --set=root --label DATA",
    "search --set=root --fs-uuid 77 --hint=hd1,gpt2",
    "search --set=other --file /mark",
    "search --no-floppy --set=root --fs-uuid d0 --hint-ieee1275='ieee1275//disk@0,gpt2'",
    "set root=hd1,gpt2",
    "set root=hd0,gpt2",
    "set root=sdb2",
    "set root=lvm/vg-root",
    "cryptomount -u 0123abcd",
    "set root=cryptouuid/0123abcd",
    "configfile ($root)/x.cfg",
    "source (hd1,gpt1)/x.cfg",
    "if [ -f (hd1,gpt2)/mark ]; then menuentry C { linux /c }; fi",
    "if search --fs-uuid c1; then menuentry D { linux /d }; fi",
    "for d in (hd*); do menuentry $d { linux $d/vmlinuz }; done",
    "probe --set=u --fs-uuid (hd1,gpt2)",
    "menuentry A { linux /vmlinuz }",
    "menuentry B { linux /none }",
    "menuentry E { search --set=root --fs-uuid B2; linux /vmlinuz }",
    "menuentry F { set root=hd2,msdos1; linux /vmlinuz; initrd (hd1,2)/vmlinuz }",
)
SCRIPTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("\n".join)


@given(SCRIPTS, st.permutations(OTHERS), st.integers(0, len(OTHERS) - 1))
def test_whatever_a_volume_adds_to_a_scan_that_waits_the_scan_wants_that_volume(
    text: str, volumes: list[Volume], count: int
) -> None:
    before, new = scanned(text, volumes[:count]), volumes[count]
    after = scanned(text, volumes[: count + 1])
    waits = any(e.waits_for for _, e in before.entries) or any(p.waits for p in before.problems)
    assert bool(before.wants) == waits
    if waits and (after.entries, after.problems) != (before.entries, before.problems):
        assert any(want == ANY or find(want, [new]) for want in before.wants)
