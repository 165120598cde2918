"""Entries of a person's own are made of entries of configurations, and are never without them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.api import FileRef, Password, SignatureRef
from petipy.settings.lines import change
from petipy.settings.storage import read_lines
from petipy.state import access, candidates, own, policy, unchecked
from petipy.state.model import USB, Choice, Edit, File, Signature, Snapshot, Source
from petipy.state.own import Own
from petipy.state.policy import Hints
from petipy.state.settings import OWN, OrderItem, Settings
from petipy.state.typed import as_edit
from petipy.state.wishes import find_named
from tests.samples import choice, device, entry, guards, sources

ROOT = Password(user="root", secret="r")
KERNEL, INITRD = (
    File(device="vda2", path="/vmlinux", stamp="7"),
    File(device="vda2", path="/initrd"),
)
BASE = choice("A:/grub.cfg#debian", entry=entry("Debian", cmdline="ro"), initrds=(INITRD,))
BASE = replace(BASE, kernel=KERNEL, turn=0)
OTHER = choice("B:/grub.cfg#fedora", "vdb1", entry=entry("Fedora"))
DISKS = sources(device("vda2", uuid="A"), device("vdb1", uuid="B"))
EDIT = replace(as_edit(BASE), cmdline="ro debug")


def make(edit: Edit = EDIT, title: str = "Mine", base: Choice = BASE, *others: Choice) -> Own:
    devices = [source.device for source in DISKS if source.device]
    return own.make(base, edit, title, (base, *others), devices)


def add(*kept: Own, choices: tuple[Choice, ...] = (BASE, OTHER)) -> tuple[Choice, ...]:
    return own.add(choices, keep(*kept), DISKS)


def keep(*kept: Own, **more: Any) -> Settings:
    values: dict[str, Any] = dict(zip(OWN, kept, strict=False))
    return Settings(**values, **more)


def snapshot(*choices: Choice, **more: Any) -> Snapshot:
    return Snapshot(settled=True, sources=DISKS, choices=choices, guards=guards(*choices), **more)


# Texts

TEXTS = st.text(max_size=20)
OWNS = st.builds(
    Own,
    base=st.text(min_size=1, max_size=20),
    title=st.text(min_size=1, max_size=20).filter(str.strip),
    kernel=st.none() | st.text(min_size=1, max_size=20),
    initrds=st.none() | st.lists(st.text(min_size=1, max_size=20), max_size=3).map(tuple),
    cmdline=TEXTS,
    has_image=st.booleans(),
) | st.builds(Own, base=st.just("b"), title=st.just("t"))


@given(OWNS)
def test_a_setting_keeps_every_entry_as_it_is(made: Own) -> None:
    text = own.write(made)
    assert own.read(text) == made
    assert text.isascii()
    assert text.isprintable()
    lines = [item for _, item in read_lines(change("", "own1", text))]
    assert lines == [("own1", text)]  # of a file of settings


def test_bytes_that_are_no_text_are_kept() -> None:
    made = Own(base="x", title="y", cmdline="a\udcff|%41=b")
    assert own.read(own.write(made)) == made


@pytest.mark.parametrize(
    "text", ["a", "|b", "a|", "a| ", "a|b|c", "a|b|initrds=x", "a|b|kernel=", f"a|{'b' * 81}"]
)
def test_a_text_that_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        own.read(text)


@given(st.text(alphabet="ab|=%0Fkernlcmdistwo ()#/\udcff", max_size=60))
def test_any_text_of_a_setting_makes_an_entry_or_an_error(text: str) -> None:
    try:
        made = own.read(text)
    except ValueError:
        return
    for found in add(*([made] if made else [])):
        assert found in (BASE, OTHER) or found.base in {BASE.id, OTHER.id}


# Parts


def test_an_entry_has_its_changes_and_all_else_of_its_base() -> None:
    made = make()
    assert made.kernel is None
    assert made.initrds is None
    (*_, mine), rest = (*add(made)[:2],), add(made)[2:]
    assert rest == (OTHER,)
    assert (mine.title, mine.entry.cmdline, mine.base, mine.setting) == (
        *("Mine", "ro debug", BASE.id, "own1"),
    )
    assert (mine.kernel, mine.initrds) == (BASE.kernel, BASE.initrds)
    assert mine.kernel is BASE.kernel  # with its stamp
    assert (mine.turn, mine.entry.default) == (1000, False)
    assert mine.bootable


def test_an_entry_is_in_the_main_menu_whatever_submenu_its_base_is_in() -> None:
    inner = replace(BASE, entry=replace(BASE.entry, trail=("Advanced",), hotkey="a", hidden=True))
    mine = add(make(EDIT, "Mine", inner), choices=(inner, OTHER))[1]
    assert (mine.entry.trail, mine.entry.hotkey, mine.entry.hidden) == ((), "", False)


def test_a_file_of_another_disk_is_named_so_that_a_later_start_finds_it() -> None:
    edit = replace(EDIT, kernel="(vdb1)/k", initrds=("/initrd", "(vdb1)/i", "(vda2)/j"))
    made = make(edit)
    assert made.kernel == "(UUID=B)/k"
    assert made.initrds == ("/initrd", "(UUID=B)/i", "/j")
    mine = add(made)[1]
    assert mine.kernel == File(device="vdb1", path="/k")
    assert [str(file) for file in mine.initrds] == ["(vda2)/initrd", "(vdb1)/i", "(vda2)/j"]
    moved = sources(device("vda2", uuid="A"), device("sdc7", uuid="B"))
    mine = own.add((BASE,), keep(made), moved)[1]
    assert mine.kernel == File(device="sdc7", path="/k")
    mine = own.add((BASE,), keep(made), DISKS[:1])[1]
    assert mine.obstacle == "waits for the file system with UUID B"


def test_a_device_without_a_uuid_has_its_name() -> None:
    plain = [device("vda2"), device("vdb1")]
    made = own.make(BASE, replace(EDIT, kernel="(vdb1)/k"), "Mine", (BASE,), plain)
    assert made.kernel == "(vdb1)/k"
    mine = own.add((BASE,), keep(made), sources(*plain))[1]
    assert mine.kernel == File(device="vdb1", path="/k")


def test_a_part_that_nobody_changed_follows_its_base_also_while_its_device_is_absent() -> None:
    waits = replace(BASE, kernel=None, initrds=(), waits_for="a disk")
    waits = replace(waits, entry=replace(BASE.entry, kernel=FileRef(path="/k", device="UUID=B")))
    made = make(replace(as_edit(waits), cmdline="debug"), "Mine", waits)
    assert (made.kernel, made.initrds) == (None, None)
    assert add(made, choices=(BASE,))[1].kernel == KERNEL


def test_a_file_of_a_stick_is_not_the_machines_own() -> None:
    stick = sources(device("vda2"), device("vdb1", uuid="B", kind=USB))
    assert not own.add((BASE,), keep(make(replace(EDIT, kernel="(vdb1)/k"))), stick)[1].own


def test_a_url_stays_a_url() -> None:
    mine = add(make(replace(EDIT, kernel="http://192.0.2.1/k", initrds=())))[1]
    assert (mine.kernel, mine.initrds) == (File(url="http://192.0.2.1/k"), ())


def test_without_its_base_there_is_no_entry_and_words_say_why() -> None:
    made = make()
    assert add(made, choices=(OTHER,)) == (OTHER,)
    (words,) = own.list_absent(keep(made), (OTHER,))
    assert words.startswith("petipy.own1: Mine is not in the menu: ")
    assert "Debian-" in words
    assert own.list_absent(keep(made), add(made)) == []


def test_two_entries_of_one_title_are_one_and_words_say_so() -> None:
    kept = keep(make(), replace(make(), cmdline="x"))
    shown = own.add((BASE, OTHER), kept, DISKS)
    assert [c.id for c in shown] == [BASE.id, "own#Mine", OTHER.id]
    assert "this title" in own.list_absent(kept, shown)[0]


def test_an_entry_follows_the_updates_of_its_base() -> None:
    def kernel(version: str) -> Choice:
        title = f"Debian {version}"
        return replace(choice(f"A:/{version}.conf#{version}"), entry=entry(title, cmdline=version))

    old, new, newest = map(kernel, ("6.1.0-9", "6.1.0-10", "6.1.0-11"))
    follows = make(replace(as_edit(new), kernel="/other"), "New", new, old)
    fixed = make(replace(as_edit(old), kernel="/other"), "Old", old, new)
    shown = add(follows, fixed, choices=(newest, new, old))
    assert [(c.title, c.base) for c in shown if c.base] == [("New", newest.id), ("Old", old.id)]
    assert shown[3].entry.cmdline == "6.1.0-11"
    assert [c.base for c in add(follows, fixed, choices=(newest,)) if c.base] == [newest.id]


def test_the_word_for_the_kernel_is_that_of_the_base_at_each_start() -> None:
    old = replace(BASE, entry=replace(BASE.entry, cmdline="BOOT_IMAGE=/vmlinux-1 ro"))
    new = replace(BASE, entry=replace(BASE.entry, cmdline="BOOT_IMAGE=/vmlinux-2 ro"))
    made = make(replace(as_edit(old), cmdline="BOOT_IMAGE=/vmlinux-1 ro debug"), "Mine", old)
    assert own.write(made).endswith("|Mine|words=ro debug")
    assert add(made, choices=(new,))[1].entry.cmdline == "BOOT_IMAGE=/vmlinux-2 ro debug"
    bare = replace(BASE, entry=replace(BASE.entry, cmdline="ro"))
    assert add(made, choices=(bare,))[1].entry.cmdline == "ro debug"
    taken = make(replace(as_edit(old), cmdline="debug"), "Mine", old)
    assert add(taken, choices=(new,))[1].entry.cmdline == "debug"
    (same,) = (make(as_edit(old), "Mine", old),)
    assert (same.cmdline, same.has_image) == (None, False)


# Changed again


def test_an_entry_may_be_changed_again_and_is_still_made_of_the_same_base() -> None:
    choices = add(make())
    mine = choices[1]
    again = own.make(mine, replace(as_edit(mine), kernel="/k"), "Mine", choices, ())
    assert again == replace(make(), kernel="/k")
    back = own.make(mine, as_edit(BASE), "Mine", choices, ())
    assert back == replace(make(), cmdline=None)


def test_an_entry_keeps_its_setting_with_its_title_and_gets_one_with_another() -> None:
    kept = keep(make())
    mine = add(make())[1]
    assert own.choose_setting(kept, mine, " Mine") == "own1"
    assert own.choose_setting(kept, mine, "Another") == "own2"
    with pytest.raises(ValueError, match="this title"):
        own.choose_setting(kept, BASE, "Mine")
    full = keep(*(make(EDIT, str(number)) for number in range(len(OWN))))
    with pytest.raises(ValueError, match="remove one first"):
        own.choose_setting(full, BASE, "Mine")


@pytest.mark.parametrize("title", ["", "  ", "x" * 81])
def test_a_title_has_a_length(title: str) -> None:
    with pytest.raises(ValueError, match="1 to 80"):
        make(title=title)


def test_an_entry_without_a_kernel_is_not_kept() -> None:
    with pytest.raises(ValueError, match="no kernel"):
        make(replace(EDIT, kernel=""))


# Obstacles and signatures


def test_an_entry_cannot_boot_if_its_base_cannot_and_it_has_that_kernel() -> None:
    dead = replace(
        BASE, entry=replace(BASE.entry, unbootable="no Linux"), missing=("(vda2)/initrd",)
    )
    assert add(make(EDIT, "Mine", dead), choices=(dead,))[1].obstacle == "no Linux"
    edit = replace(EDIT, kernel="/k", initrds=())
    assert add(make(edit, "Mine", dead), choices=(dead,))[1].bootable
    waits = replace(BASE, kernel=None, waits_for="a disk")
    edit = replace(EDIT, kernel="(vda2)/vmlinux")
    assert add(make(edit, "Mine", waits), choices=(waits,))[1].obstacle == "waits for a disk"


def test_only_a_person_boots_a_change_of_an_entry_with_signatures() -> None:
    ref = FileRef(path="/vmlinux")
    marks = SignatureRef(file=ref, place=FileRef(path="/vmlinux.sig"))
    signature = Signature(KERNEL, File(device="vda2", path="/vmlinux.sig"), "", "")
    signed = replace(BASE, entry=replace(BASE.entry, signatures=(marks,)), signatures=(signature,))
    mine = add(make(EDIT, "Mine", signed), choices=(signed,))[1]
    assert mine.signatures == (signature,)
    assert (
        unchecked.explain(snapshot(mine), mine) == "the signatures are of the entry that it changes"
    )
    other = add(make(replace(EDIT, kernel="/k"), "Mine", signed), choices=(signed,))[1]
    assert (other.signatures, other.entry.signatures) == ((), ())
    assert unchecked.explain(snapshot(other), other)


# Rights


LOCKED = replace(BASE, superusers=("root",), passwords=(ROOT,), guarded=True)


def test_to_boot_an_entry_takes_the_right_to_change_its_base() -> None:
    shown = add(make(), choices=(LOCKED, OTHER))
    machine = snapshot(*shown)
    assert access.find_boot_locks(LOCKED, machine) == ()
    assert (
        access.find_boot_locks(shown[1], machine) == access.find_edit_locks(LOCKED, machine) != ()
    )
    assert access.describe_users(shown[1], machine) == "root, with a password"


def test_the_locks_of_a_base_are_those_of_its_entry() -> None:
    bob = Password(user="bob", secret="b")
    shut = replace(LOCKED, entry=replace(BASE.entry, users=("bob",)), passwords=(ROOT, bob))
    shown = add(make(), choices=(shut, OTHER))
    machine = snapshot(*shown)
    locks = access.find_boot_locks(shown[1], machine)
    assert {*access.find_boot_locks(shut, machine), *access.find_edit_locks(shut, machine)} == {
        *locks
    }


@pytest.mark.parametrize("more", [{}, {"boot_restricted": True}, {"lock": "own"}])
@pytest.mark.parametrize("wish", [{"entry": "own#Mine"}, {"order": (OrderItem(name="Mine"),)}])
def test_a_locked_entry_never_boots_alone_and_another_does(
    more: dict[str, Any], wish: dict[str, Any]
) -> None:
    order = wish.get("order", ())
    wish = wish | ({"order": (*order, OrderItem(name="any"))} if order else {})
    shown = add(make(), choices=(LOCKED, OTHER))
    machine = snapshot(*shown, settings=keep(make(), **wish, **more, timeout=0.0))
    assert policy.decide(machine, Hints(since=0), 1000).boot == LOCKED.id
    words = unchecked.explain(machine, shown[1])
    assert words == "it takes a password to change the entry that it is made of"
    assert shown[1] in candidates.list_passed_over(machine, LOCKED)


def test_an_entry_that_a_wish_names_boots_alone_where_nothing_is_locked() -> None:
    shown = add(make())
    machine = snapshot(*shown, settings=keep(make(), entry="Mine", timeout=0.0))
    assert find_named("own#mine", shown) == []
    assert find_named("Mine", shown) == [shown[1]]
    assert policy.decide(machine, Hints(since=0), 1000).boot == "own#Mine"
    without = replace(machine, settings=keep(make(), timeout=0.0))
    assert policy.decide(without, Hints(since=0), 1000).boot == BASE.id


def test_an_entry_does_not_boot_alone_while_a_disk_may_bring_a_lock() -> None:
    shown, slow = add(make()), Source.of(device("vdc"), "scanning")
    settings = keep(make(), entry="Mine", timeout=0.0)
    machine = snapshot(*shown, settings=settings, unread=(slow,))
    assert policy.decide(machine, Hints(since=0), 1e6).boot == BASE.id
    assert "still being looked at" in unchecked.explain(machine, shown[1])
