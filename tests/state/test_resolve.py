from dataclasses import replace

from parsers.api import Effect, Entry, FileRef, Origin, Password, Preferences
from petipy.state import resolve, typed
from petipy.state.access import find_boot_locks
from petipy.state.catalog import Catalog
from petipy.state.model import DISK, USB, Edit, File, FormatFacts, Kind, Scan, Snapshot
from petipy.state.seen import Seen
from tests.samples import CONFIG, choice, device, entry, scan, sources


def test_a_reference_without_a_device_means_the_configurations_own() -> None:
    (found,) = resolve.choices([(device("vda2"), scan(entry("a", "/boot/vmlinux")))])
    assert found.kernel == File(device="vda2", path="/boot/vmlinux")
    assert found.bootable


def test_a_reference_by_uuid_finds_the_volume_or_waits_for_it() -> None:
    a = entry("a", initrds=(FileRef(path="/initrd", device="UUID=BEEF"),))
    root, other = device("vda2"), device("vdb1", uuid="beef")
    (waiting,) = resolve.choices([(root, scan(a))])
    assert "BEEF" in waiting.waits_for
    assert not waiting.bootable
    (found,) = resolve.choices([(root, scan(a))], [root.volume, other.volume])
    assert found.initrds == (File(device="vdb1", path="/initrd"),)
    assert found.bootable


def test_missing_files_are_named_and_keep_the_entry_from_booting() -> None:
    a = entry("a", "/gone")
    (found,) = resolve.choices([(device("vda2"), scan(a, missing=(FileRef(path="/gone"),)))])
    assert found.obstacle == "missing: (vda2)/gone"


def test_ids_are_unique_over_clones_and_repeated_names() -> None:
    twice = scan(entry("a"), entry("a"), entry("a", trail=("Sub",)))
    clones = [(device("vda2", uuid="1"), twice), (device("vdb2", uuid="1"), twice)]
    ids = [c.id for c in resolve.choices(clones)]
    assert len(set(ids)) == 6
    assert ids[:3] == ["1:/boot/grub/grub.cfg#" + rest for rest in ("a", "a~2", "Sub>a")]
    assert ids == [c.id for c in resolve.choices(clones)]


def test_the_default_comes_first_then_the_fallbacks_in_their_order() -> None:
    entries = (entry("a"), entry("b"), entry("c", default=True))
    wish = Preferences(timeout=5, fallback=("b",), dialect="fedora")
    facts = FormatFacts(name="grub", has_dialects=True)
    scanned = Scan(
        entries=tuple(("grub", e) for e in entries),
        preferences=((CONFIG, wish),),
        formats=(facts,),
    )
    found = resolve.choices([(device("vda2"), scanned)])
    assert sorted(found, key=lambda c: c.turn)[:2] == [found[2], found[1]]
    assert found[0].timeout == 5
    assert found[0].written == "grub, fedora's"


def test_typed_paths_may_name_a_device_or_a_url() -> None:
    edit = Edit(kernel="(vdb1)/k", initrds=("/i", "http://host/i"), cmdline="")
    assert typed.apply_edit(choice("a"), edit) == (
        File(device="vdb1", path="/k"),
        (File(device="vda2", path="/i"), File(url="http://host/i")),
    )


def test_what_an_image_is_called_can_be_typed_again() -> None:
    kernel = File(device="vda2:/a (1).iso", path="/vmlinux")
    edit = Edit(kernel=str(kernel), initrds=("(vdb1:/b.iso)/i",), cmdline="")
    initrd = File(device="vdb1:/b.iso", path="/i")
    for own in "vda2", "vda2:/a (1).iso":
        assert typed.apply_edit(choice("a", own, kernel=kernel), edit) == (kernel, (initrd,))


def test_the_name_of_the_kernel_can_be_left_out_of_command_lines() -> None:
    lines = ("BOOT_IMAGE=/k quiet splash", 'BOOT_IMAGE="/a \\"k" quiet', "BOOT_IMAGE=/k", "quiet")
    origins = (Origin("linux", "/k", CONFIG, 1, "", ((0, 19), (20, 26))),)
    scanned = scan(*(entry(str(n), cmdline=line, origins=origins) for n, line in enumerate(lines)))
    found = resolve.choices([(device("vda2"), scanned)], boot_image=False)
    assert [c.entry.cmdline for c in found] == ["quiet splash", "quiet", "", "quiet"]
    assert found[0].entry.origins[0].spans == ((0, 5), (6, 12))


def test_a_part_of_a_file_stays_a_part_and_can_be_typed_again() -> None:
    ref = FileRef(path="/u.efi", offset=512, size=4096)
    (found,) = resolve.choices([(device("vda2"), scan(replace(entry("a"), kernel=ref)))])
    assert found.kernel == File(device="vda2", path="/u.efi", offset=512, size=4096)
    assert str(found.kernel) == "(vda2)/u.efi@512+4096"
    edit = Edit(kernel=str(found.kernel), initrds=("/u.efi@99+0",), cmdline="")
    initrd = File(device="vda2", path="/u.efi", offset=99)
    assert typed.apply_edit(found, edit) == (found.kernel, (initrd,))


def test_a_file_to_be_packed_stays_one_and_can_be_typed_again() -> None:
    ref = FileRef(path="/f", packed="etc/f", mode=0o600)
    (found,) = resolve.choices([(device("vda2"), scan(replace(entry("a"), initrds=(ref,))))])
    assert [str(file) for file in found.initrds] == ["newc:etc/f:(vda2)/f"]
    assert found.initrds[0].mode == 0o600
    edit = Edit(kernel="/k", initrds=("newc:etc/f:(vda2)/f",), cmdline="")
    assert typed.apply_edit(found, edit)[1] == found.initrds
    other = Edit(kernel="/k", initrds=("newc:etc/g:(vda2)/f",), cmdline="")
    assert typed.apply_edit(found, other)[1] == (File(device="vda2", path="/f", packed="etc/g"),)


def test_what_a_directory_says_of_its_menu_counts_for_the_images_in_it() -> None:
    image = entry("a", config="/EFI/Linux/a.efi")
    wishes = (("/grub.cfg", Preferences(timeout=9)), ("/EFI/Linux", Preferences(timeout=1)))
    (found,) = resolve.choices(
        [(device("vda2"), Scan(entries=(("uki", image),), preferences=wishes))]
    )
    assert found.timeout == 1


def test_one_configurations_preferences_are_not_those_of_another_formats_entries() -> None:
    theirs = entry("theirs", config="/boot.ipxe")
    read_in = entry("read in", config="/included.ipxe")
    own = entry("own", config="/etc/yaboot.conf")
    scanned = Scan(
        entries=(("ipxe", theirs), ("ipxe", read_in), ("yaboot", own)),
        preferences=(("/boot.ipxe", Preferences(timeout=7, elsewhere=True)),),
    )
    found = resolve.choices([(device("vda2"), scanned)])
    assert [(c.timeout, c.elsewhere) for c in found] == [(7, True), (7, True), (None, False)]


def test_formats_rank_in_the_order_in_which_the_scan_has_them() -> None:
    entries = (("bls", entry("a")), ("grub", entry("b")), ("bls", entry("c")))
    found = resolve.choices([(device("vda2"), Scan(entries=entries))])
    assert [c.rank for c in found] == [0, 1, 0]


def test_what_another_device_offers_is_not_offered_as_found() -> None:
    ref = FileRef(path="/k", device="vda1")
    guess = Scan(entries=(("found", entry("g", "/k", guess=True, config="/")),))
    stated = scan(replace(entry("a"), kernel=ref))
    found = resolve.choices([(device("vda1"), guess), (device("vda2"), stated)])
    assert [c.entry.title for c in found] == ["a"]


def test_systems_that_are_not_linux_are_among_the_choices_for_who_asks() -> None:
    windows = entry("Windows", foreign=True, unbootable="not bootable by kexec")
    scans = [(device("vda1"), scan(windows, entry("a")))]
    assert [c.entry.title for c in resolve.choices(scans)] == ["a"]
    assert [c.bootable for c in resolve.choices(scans, foreign=True)] == [False, True]


def test_what_another_devices_configuration_has_read_in_is_not_offered_twice() -> None:
    theirs = entry("a", config="(vda2)/loader/entries/a.conf")
    own = [entry(name, config=f"/loader/entries/{name}.conf") for name in ("a", "b")]
    found = resolve.choices(
        [
            (device("vda1"), Scan(entries=(("grub", theirs),))),
            (device("vda2"), Scan(entries=tuple(("bls", e) for e in own))),
        ]
    )
    assert [(c.device, c.entry.name) for c in found] == [("vda1", "a"), ("vda2", "b")]


def test_what_an_entry_writes_is_resolved_and_a_device_that_is_not_there_keeps_its_words() -> None:
    here = Effect(file=FileRef(path="/grubenv"), values=(("a", "1"), ("b", None)))
    there = Effect(file=FileRef(path="/EFI/a+1.efi", device="UUID=beef"), rename="a+0-1.efi")
    a = entry("a", effects=(here, there))
    root, other = device("vda2"), device("vdb1", uuid="beef")
    (found,) = resolve.choices([(root, scan(a))], [root.volume, other.volume])
    assert [str(change) for change in found.changes] == [
        "(vda2)/grubenv: a=1, no b",
        "(vdb1)/EFI/a+1.efi: renamed to a+0-1.efi",
    ]
    (lost,) = resolve.choices([(root, scan(a))])
    assert lost.changes[1].file == File(device="UUID=beef", path="/EFI/a+1.efi")
    assert lost.bootable


def test_a_kernel_that_merely_lies_there_is_guarded_by_the_configuration_beside_it() -> None:
    secret = Password(user="root", secret="s")
    wish = Preferences(superusers=("root",), passwords=(secret,))
    stated = ("grub", entry("a"))
    found = ("found", entry("k", "/boot/old", config="/boot/old", guess=True))
    other = ("yaboot", entry("y", "/boot/y", config="/etc/yaboot.conf"))
    all_of_it = Scan(entries=(stated, found, other), preferences=((CONFIG, wish),))
    free, guarded, foreign = resolve.choices([(device("vda2"), all_of_it)])
    assert (free.users, free.superusers) == (None, ("root",))
    assert (guarded.users, guarded.passwords) == (("root",), (secret,))
    assert (foreign.users, foreign.superusers) == (None, None)


def test_many_fallbacks_of_many_entries_are_not_compared_one_by_one() -> None:
    compared = 0

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    entries = tuple(("grub", entry(f"e{n}")) for n in range(300))
    wish = Preferences(fallback=tuple(Name(f"e{n}") for n in reversed(range(300))))
    found = Scan(entries=entries, preferences=((CONFIG, wish),))
    turns = [made.turn for made in resolve.choices([(device("vda2"), found)])]
    assert turns == [300 - n for n in range(300)]
    assert compared < 3000


def test_what_superusers_guard_is_not_left_out_for_a_device_that_reads_it_in_without_them() -> None:
    root = Password(user="root", secret="toor")
    guarded = Preferences(superusers=("root",), passwords=(root,))

    def devices(there: Preferences, here: Preferences) -> list[str]:
        """Return the devices of what is shown; a stick reads in the configuration of a disk."""
        disk = Scan(entries=(("grub", entry("a")),), preferences=((CONFIG, there),))
        read_in = ("grub", entry("a", config=f"(vda2){CONFIG}"))
        stick = Scan(entries=(read_in,), preferences=((CONFIG, here),))
        found = resolve.choices([(device("vda2"), disk), (device("sda1"), stick)])
        return [choice.device for choice in found]

    assert devices(Preferences(), Preferences()) == ["sda1"]
    assert devices(Preferences(), guarded) == ["sda1"]
    assert devices(guarded, guarded) == ["sda1"]
    assert devices(guarded, Preferences()) == ["vda2", "sda1"]
    assert devices(guarded, replace(guarded, passwords=())) == ["vda2", "sda1"]


def test_a_stick_takes_nothing_of_a_disks_entries() -> None:
    """A default that becomes the stick's no longer boots by itself."""
    guess = entry("k", guess=True)
    disk = Scan(entries=(("grub", entry("a", "/a")), ("found", guess)))
    read_in = entry("a", "/a", config=f"(vda2){CONFIG}")
    named = replace(entry("b", config="/b"), kernel=FileRef(device="vda2", path="/vmlinux"))
    claims = Scan(entries=(("grub", read_in), ("grub", named)))
    for kind, shown in (USB, ["a", "k", "a", "b"]), (DISK, ["a", "b"]):
        other = device("sda1", kind=kind)
        found = resolve.choices([(device("vda2"), disk), (other, claims)])
        assert [choice.entry.title for choice in found] == shown
        assert [choice.own for choice in found if choice.device == "sda1"] == [kind == DISK] * 2


def test_the_first_format_with_superusers_is_the_one_that_guards() -> None:
    secret = Password(user="root", secret="s")
    wish = Preferences(superusers=("root",), passwords=(secret,))
    entries = (
        ("bls", entry("a", config="/a.conf")),
        ("grub", entry("b")),
        ("lilo", entry("c", config="/etc/lilo.conf")),
    )
    found = Scan(entries=entries, preferences=((CONFIG, wish), ("/etc/lilo.conf", wish)))
    choices = resolve.choices([(device("vda2"), found)])
    assert [choice.guarded for choice in choices] == [False, True, False]


def test_no_uuid_takes_the_ids_of_another_source() -> None:
    sources = [("vda1", "A"), ("vdb1", "A@vdc1"), ("vdc1", "A"), ("vdd1", "A")]
    assert [*resolve.make_identities(sources)] == ["A", "A@vdc1", "A@vdc1@vdc1", "A@vdd1"]


def test_an_image_that_another_disks_configuration_names_is_offered_there_alone() -> None:
    """An entry of grub.cfg means that image, not the first one of the ESP."""
    names = "/EFI/Linux/new.efi", "/EFI/Linux/old.efi"
    parts = [FileRef(path=name, offset=512, size=9) for name in names]
    own = [
        replace(entry(name, config=name, cmdline="x"), kernel=part)
        for name, part in zip(names, parts, strict=True)
    ]
    there = [replace(part, device="vda1") for part in parts]
    by_grub = [replace(entry("grub", cmdline="x"), kernel=ref) for ref in there]
    esp = Scan(entries=tuple(("uki", e) for e in own))

    def titles(*entries: Entry) -> list[str]:
        grub = Scan(entries=tuple(("grub", e) for e in entries))
        found = resolve.choices([(device("vda1"), esp), (device("vda2"), grub)])
        return [choice.entry.title for choice in found if choice.device == "vda1"]

    assert titles(*by_grub) == []
    assert titles(by_grub[0]) == ["/EFI/Linux/old.efi"]
    assert titles(replace(by_grub[0], cmdline="other"), by_grub[1]) == ["/EFI/Linux/new.efi"]
    assert titles() == list(names)


def test_files_of_a_stick_are_not_the_machines_own() -> None:
    """A stick that passes for a disk of the machine boots nothing without the disk's password."""
    root = Password(user="root", secret="r")
    locked = Preferences(superusers=("root",), passwords=(root,))
    here, there = FileRef(path="/vmlinux"), FileRef(path="/vmlinux", device="UUID=1")
    inside = replace(there, device="vda2:/a.iso")
    text = Seen(device="sda1", path="/more.cfg", stamp="1", text=True)

    def list_locks(kind: Kind, kernel: FileRef, *texts: Seen, scanned: bool = True) -> bool:
        """Return True if a password is needed for an entry that anybody may boot."""
        disk = Scan(
            entries=(("grub", replace(entry("a"), kernel=kernel)),),
            preferences=((CONFIG, locked),),
            seen=texts,
        )
        other = device("sda1", uuid="1", kind=kind)
        catalog = Catalog()
        for source in sources(device("vda2"), other):
            catalog.put(source)
        catalog.take("vda2", disk)
        if scanned:
            catalog.take("sda1", Scan())
        (made,) = catalog.choices()
        guards = catalog.register.guards
        return bool(find_boot_locks(made, Snapshot(settled=True, guards=guards)))

    assert not list_locks(DISK, there)
    assert not list_locks(DISK, here, text)
    for scanned in False, True:
        assert not list_locks(USB, here, scanned=scanned)
        assert not list_locks(USB, inside, scanned=scanned)
        assert list_locks(USB, there, scanned=scanned)
        assert list_locks(USB, here, text, scanned=scanned)
