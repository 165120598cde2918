"""The catalog gives the same choices as resolving everything anew, and does less for it."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import ANY, Effect, Entry, FileRef, Preferences, Problem, Volume
from petipy.state import resolve
from petipy.state.catalog import Catalog
from petipy.state.model import DISK, IMAGE, USB, Choice, Device, Scan, Source
from petipy.state.ordered import Ordered
from petipy.state.register import Register
from tests.samples import CONFIG, device, entry, scan

# Few values, so that names, UUIDs and files of one device often are those of another. Devices and
# scans are made once: to have Hypothesis draw each of their fields takes minutes.
NAMES = ("vda1", "vda10", "sda1", "1", "vda1:/a.iso")
UUIDS = ("", "1", "1", "1@vda10", "sda1")
SPECS = (
    *("", "", "UUID=1", "LABEL=1", "PARTUUID='SDA1'", "vda1", "/dev/sda1", "/dev/disk/x"),
    *("/dev/mapper/y", "/dev/vg/root", "/pci@8/disk@0:2", "/pci@8/disk@0", "/", "hd0,gpt2"),
    *("vda1:/a.iso", "sda1:/b.iso", "/sda1:/b:/c.iso", "UUID="),
)
CONFIGS = (CONFIG, CONFIG, "/b.cfg", f"(vda1){CONFIG}", f"(1){CONFIG}")
PREFERENCES = (Preferences(timeout=3), Preferences(timeout=3), Preferences(superusers=("root",)))
RANDOM = Random(9)


def some_device() -> Device:
    name, pick = RANDOM.choice(NAMES), RANDOM.choice
    volume = Volume(
        name=name,
        uuid=pick(UUIDS),
        label=pick(UUIDS),
        partuuid=pick(UUIDS),
        lvm=pick(("", "vg/root")),
        mapped=pick(("", "y")),
        udev_links=pick(("", "disk/x disk/z")),
        firmware_path=pick(("", "/pci@8/disk@0", "/PCI@8/disk@0/")),
        partition=pick((0, 2)),
        image=name.partition(":")[2],
    )
    return Device(volume=volume, node="/dev/x", kind=IMAGE if volume.image else pick((DISK, USB)))


def some_entry() -> Entry:
    pick = RANDOM.choice
    kernel, initrd, other = (FileRef(path="/k", device=pick(SPECS)) for _ in range(3))
    return Entry(
        title="t",
        name=pick("ab"),
        config=pick(CONFIGS),
        line=1,
        kernel=pick((kernel, kernel, None)),
        initrds=pick(((), (initrd,))),
        effects=pick(((), (Effect(file=other),))),
        cmdline=pick(("", "BOOT_IMAGE=/k quiet")),
        foreign=pick((False, False, True)),
        guess=pick((False, True)),
    )


def some_scan() -> Scan:
    entries = (some_entry() for _ in range(RANDOM.randint(0, 3)))
    return Scan(
        entries=tuple(("grub", entry) for entry in entries),
        preferences=((CONFIG, RANDOM.choice(PREFERENCES)),),
        problems=RANDOM.choice(((), (Problem(CONFIG, 1, "?"),))),
    )


DEVICES = st.sampled_from([some_device() for _ in range(100)])
SCANS = st.sampled_from([some_scan() for _ in range(100)])
CHANGES = st.one_of(
    st.tuples(DEVICES, SCANS),  # arrives and has been scanned
    st.tuples(DEVICES, st.none()),  # arrives, and its scan has not ended
    st.tuples(st.sampled_from(NAMES), st.none()),  # leaves
)
FOUND = st.lists(st.tuples(DEVICES, SCANS), min_size=2, max_size=8)


class Machine:
    """Keeps what there is in a catalog, and beside it."""

    def __init__(self, found: Sequence[tuple[Device, Scan]]) -> None:
        self.catalog = Catalog()
        self.devices: dict[str, Device] = {}
        self.scans: dict[str, Scan] = {}
        for what, found_there in found:
            self.change(what, found_there)

    def change(self, what: Device | str, result: Scan | None) -> None:
        if isinstance(what, str):
            self.devices.pop(what, None)
            self.scans.pop(what, None)
            self.catalog.remove(what)
            return
        self.devices[what.name] = what
        self.catalog.put(Source.of(what))
        if result is not None:
            self.scans[what.name] = result
            self.catalog.take(what.name, result)

    def choices(self, *, foreign: bool, boot_image: bool) -> tuple[Choice, ...]:
        """Resolve everything anew."""
        order = sorted(self.devices.values(), key=lambda known: Source.of(known).order)
        return resolve.choices(
            [(known, self.scans[known.name]) for known in order if known.name in self.scans],
            [known.volume for known in order],
            media=[known.name for known in order if known.kind.reach != "machine"],
            foreign=foreign,
            boot_image=boot_image,
        )

    def check(self, *, foreign: bool = False, boot_image: bool = True) -> None:
        expected = self.choices(foreign=foreign, boot_image=boot_image)
        assert self.catalog.choices(foreign=foreign, boot_image=boot_image) == expected
        problems = {name for name in self.scans if self.scans[name].problems}
        names = [source.name for source in self.catalog.sources]
        assert sorted(names) == sorted(self.devices)
        assert [name for name, _ in self.catalog.problems] == [n for n in names if n in problems]


@settings(max_examples=200)
@given(FOUND, st.lists(st.tuples(CHANGES, st.booleans()), max_size=6), st.booleans())
def test_the_choices_are_those_that_resolving_everything_anew_gives(
    found: list[tuple[Device, Scan]],
    changes: list[tuple[tuple[Device | str, Scan | None], bool]],
    foreign: bool,
) -> None:
    machine = Machine(found)
    machine.check()
    for change, look in changes:
        machine.change(*change)
        if look:
            machine.check()
    machine.check(foreign=foreign)
    machine.check(boot_image=False)


@given(FOUND)
def test_nothing_of_a_source_stays_behind_when_it_has_left(
    found: list[tuple[Device, Scan]],
) -> None:
    machine = Machine(found)
    machine.check()
    for name in list(machine.devices):
        machine.change(name, None)
    machine.check()
    held = {name: contents(value) for name, value in vars(machine.catalog).items()}
    assert not {name for name, value in held.items() if value}


def test_an_identity_that_is_made_of_two_may_be_the_basis_of_a_third() -> None:
    twins = [device("vda1", uuid="1"), device("vda10", uuid="1")]
    machine = Machine([(twin, scan(entry("a"))) for twin in twins])
    machine.check()
    machine.change(device("vdb1", uuid="1@vda10"), scan(entry("a")))
    machine.check()
    assert len({choice.id for choice in machine.catalog.choices()}) == 3


def contents(value: object) -> object:
    """The items of a collection of the catalog's; nothing for a setting."""
    if isinstance(value, Ordered):
        return value.values
    if isinstance(value, Register):
        return [content for held in vars(value).values() if (content := contents(held))]
    return getattr(value, "_names", value) if not isinstance(value, tuple) else ()


class Work:
    """Counts the sources that are resolved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        original = resolve.resolve_source

        def counted(name: str, *arguments: object, **more: object) -> object:
            self.names.append(name)
            return original(name, *arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(resolve, "resolve_source", counted)

    def __call__(self, catalog: Catalog) -> list[str]:
        """Return the sources that have to be resolved for the choices of now."""
        self.names.clear()
        catalog.choices()
        return sorted(self.names)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


def filled(count: int) -> Catalog:
    """A catalog of devices that know their own files alone, but for one that waits for UUID=new."""
    catalog = Catalog()
    for number in range(count):
        catalog.put(Source.of(device(f"sd{number}", uuid=str(number))))
        kernel = FileRef(path="/k", device="UUID=new" if number == 7 else "")
        catalog.take(f"sd{number}", scan(replace(entry("a"), kernel=kernel)))
    return catalog


def test_a_change_resolves_only_the_sources_that_it_concerns(work: Work) -> None:
    catalog = filled(100)
    assert len(work(catalog)) == 100
    assert work(catalog) == []
    catalog.put(Source.of(device("sdx", uuid="x")))
    assert work(catalog) == []
    catalog.put(Source.of(device("sdn", uuid="NEW")))
    assert work(catalog) == ["sd7"]
    catalog.take("sd3", scan(entry("b")))
    assert work(catalog) == ["sd3"]
    catalog.put(Source.of(device("sdm", uuid="new")))  # comes before sdn, and is meant from now on
    assert work(catalog) == ["sd7"]
    catalog.remove("sdm")
    assert work(catalog) == ["sd7"]
    catalog.remove("sd50")
    assert work(catalog) == []


def test_a_source_is_resolved_once_for_many_changes(work: Work) -> None:
    catalog = filled(10)
    work(catalog)
    for number in range(50):
        catalog.put(Source.of(device(f"vd{number}", uuid="new")))
    catalog.take("sd7", scan(replace(entry("c"), kernel=FileRef(path="/k", device="UUID=new"))))
    assert work(catalog) == ["sd7"]


def test_a_volume_is_looked_for_among_the_scans_that_want_it() -> None:
    catalog = filled(3)
    for name, want in ("sd0", ANY), ("sd1", "UUID=x"), ("sd2", "/dev/sdy"):
        catalog.take(name, Scan(wants=(want,)))
    for name, uuid, wanting in (
        ("sdx", "X", ["sd0", "sd1"]),
        ("sdy", "", ["sd0", "sd2"]),
        ("sdz", "", ["sd0"]),
    ):
        catalog.put(Source.of(device(name, uuid=uuid)))
        assert catalog.find_wanting(name) == wanting
    assert list(catalog.list_wanted("sd1")) == ["sdx"]
    assert "sdz" in catalog.list_wanted("sd0")
    catalog.take("sd1", Scan())
    assert catalog.find_wanting("sdx") == ["sd0"]


def test_devices_are_in_menu_order_however_they_came() -> None:
    """To the parsers, a name of two volumes means the first: no stick may come before a disk."""
    stick, disk, more = device("sda1", uuid="1", kind=USB), device("vdb1", uuid="1"), device("vda9")
    catalog = Catalog()
    for known in stick, disk, more:
        catalog.put(Source.of(known))
    assert catalog.devices == (more, disk, stick)
    catalog.put(Source.of(replace(disk, kind=USB)))
    assert [known.name for known in catalog.devices] == ["vda9", "sda1", "vdb1"]
    catalog.remove("sda1")
    assert [known.name for known in catalog.devices] == ["vda9", "vdb1"]


def test_a_source_that_cannot_be_resolved_costs_its_own_entries() -> None:
    catalog = filled(2)
    catalog.take("sd0", scan(replace(entry("odd"), trail=(None,))))  # type: ignore[arg-type]
    assert [choice.device for choice in catalog.choices()] == ["sd1"]
    ((name, error),) = catalog.failures
    assert (name, type(error)) == ("sd0", TypeError)
