"""Guards stay until their source goes, or until a whole scan says otherwise."""

from dataclasses import replace

from parsers.api import Password, Preferences
from petipy.state.model import IMAGE, OPTICAL, USB, Scan, Source
from petipy.state.register import Register
from tests.samples import CONFIG, device

ROOT = Password(user="root", secret="r")
WISH = Preferences(superusers=("root",), passwords=(ROOT,))
LOCKED = Scan(preferences=((CONFIG, WISH),))
CUT = Scan(stopped="no answer in time")
DISK = device("vda2", uuid="A")


def register_of(*scans: Scan) -> Register:
    """Return the register of a disk after these scans."""
    register = Register()
    for scan in scans:
        register.put(Source.of(DISK))
        register.put(Source.of(DISK, "ready"))
        register.take("vda2", scan)
    return register


def list_devices(register: Register) -> list[str]:
    return [guard.device for _, guard in register.guards]


def list_unread(register: Register) -> list[tuple[str, str, bool]]:
    return [(source.name, source.state, source.given_up) for source in register.unread]


def test_a_guard_does_not_need_an_entry() -> None:
    ((reach, guard),) = register_of(LOCKED).guards
    assert (reach, guard.device, guard.config, guard.keys) == ("machine", "vda2", CONFIG, (ROOT,))


def test_only_a_whole_scan_takes_a_guard_away() -> None:
    assert list_devices(register_of(LOCKED, CUT)) == ["vda2"]
    assert list_devices(register_of(LOCKED, Scan())) == []


def test_a_scan_that_is_cut_off_adds_guards_and_replaces_those_of_what_it_has_read() -> None:
    other = Password(user="root", secret="new")
    more = Scan(
        preferences=(("/b.cfg", WISH), (CONFIG, replace(WISH, passwords=(other,)))), stopped="?"
    )
    register = register_of(LOCKED, more)
    assert [guard.keys for _, guard in register.guards] == [(other,)]
    only = Scan(preferences=(("/b.cfg", WISH),))
    assert [guard.config for _, guard in register_of(LOCKED, more, only).guards] == ["/b.cfg"]


def test_a_guard_goes_with_its_source() -> None:
    register = register_of(LOCKED)
    register.remove("vda2")
    register.remove("never there")
    assert (register.guards, register.unread) == ((), ())


def test_a_source_is_unread_until_a_whole_scan() -> None:
    register = Register()
    register.put(Source.of(DISK))
    assert list_unread(register) == [("vda2", "scanning", False)]
    register.take("vda2", CUT)
    register.put(Source.of(DISK, "failed", "no answer in time"))
    register.put(Source.of(DISK))
    assert list_unread(register) == [("vda2", "failed", False)]
    register.put(replace(Source.of(DISK, "failed", "no answer in time"), given_up=True))
    register.put(Source.of(DISK))
    assert list_unread(register) == [("vda2", "failed", True)]  # while it is tried again
    assert [source.reason for source in register.unread] == ["no answer in time"]
    register.take("vda2", Scan())
    assert list_unread(register) == []
    register.put(Source.of(DISK))
    assert list_unread(register) == []  # it has been read once


def test_another_disc_in_the_drive_is_unread_and_the_old_ones_guard_stays_until_then() -> None:
    first, second = (device("sr0", uuid=uuid, kind=OPTICAL) for uuid in "AB")
    register = Register()
    register.put(Source.of(first))
    register.take("sr0", LOCKED)
    register.put(Source.of(second))
    assert list_unread(register) == [("sr0", "scanning", False)]
    assert list_devices(register) == ["sr0"]
    register.take("sr0", Scan())
    assert (register.guards, register.unread) == ((), ())


def test_a_source_of_another_kind_keeps_what_is_known_in_its_new_place() -> None:
    register = register_of(LOCKED)
    register.put(Source.of(device("vda2", uuid="A", kind=USB)))
    assert [reach for reach, _ in register.guards] == ["shell"]
    assert list_unread(register) == [("vda2", "scanning", False)]


def test_a_device_that_nobody_knows_is_unread() -> None:
    register = Register()
    register.put(Source(name="sdb", state="failed", reason="?", given_up=True))
    assert list_unread(register) == [("sdb", "failed", True)]


def test_files_and_what_nobody_can_read_are_not_waited_for() -> None:
    register = Register()
    register.put(Source.of(device("vda2:/a.iso", kind=IMAGE)))
    register.put(Source.of(DISK, "locked", "a passphrase is needed"))
    register.put(Source(name="enp1s0", state="scanning"))
    assert register.unread == ()
