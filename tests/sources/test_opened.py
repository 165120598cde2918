"""Places that a person opens are sources of their own."""

from dataclasses import replace

import pytest

from parsers.places.lease import bootfiles, is_about_booting
from petipy.sources.opened import OpenedPlaces
from petipy.state import access
from petipy.state.access import Lock
from petipy.state.model import IMAGE, NETWORK, Snapshot, Source
from tests.samples import choice, device, guards

URL = "http://192.0.2.1/menu.ipxe"
LEASE = (("ip", "192.0.2.7"), ("mac", "52:54:00:12:34:56"), ("bootfile", "x"), ("siaddr", "::1"))
ETH0 = replace(Source.of(device("eth0", kind=NETWORK)), lease=LEASE)
SNAPSHOT = Snapshot(
    sources=(Source.of(device("vda2", uuid="1")), ETH0, Source.of(device("x", kind=IMAGE)))
)


def open_all(*places: str, snapshot: Snapshot = SNAPSHOT) -> list[Source]:
    found: list[Source] = []
    opened = OpenedPlaces(lambda: snapshot, found.append, lambda _: None)
    names = [opened.open(place) for place in places]
    assert names == [source.name for source in found]
    return found


def test_a_url_is_followed_as_if_a_lease_had_named_it() -> None:
    (source,) = open_all(f" {URL} ")
    lease = dict(source.lease)
    assert source.state == "scanning"
    assert source.device
    assert source.device.kind is NETWORK
    assert (source.name, source.title) == ("opened1", f"opened1: {URL}")
    assert is_about_booting(lease)
    assert list(bootfiles(lease)) == [URL]
    assert (lease["ip"], lease["mac"]) == ("192.0.2.7", "52:54:00:12:34:56")


def test_without_any_lease_a_url_is_all_that_is_known() -> None:
    (source,) = open_all(URL, snapshot=Snapshot())
    assert source.lease == (("bootfile_url", URL), ("opened", "1"))


def test_user_and_password_are_not_in_the_title() -> None:
    (source,) = open_all("http://bob:secret@192.0.2.1/x")
    assert source.title == "opened1: http://192.0.2.1/x"


def test_a_path_is_read_on_its_disk_which_keeps_its_own_names() -> None:
    (source,) = open_all("(vda2)/boot/other.cfg")
    assert source.path == "/boot/other.cfg"
    assert source.device
    assert (source.device.name, source.device.node) == ("opened1", "/dev/vda2")
    assert (source.device.volume.fs, source.device.volume.uuid) == ("ext4", "")


def test_a_place_that_is_opened_again_is_the_same_source() -> None:
    names = [source.name for source in open_all(URL, "(vda2)/a", URL)]
    assert names == ["opened1", "opened2", "opened1"]


def test_a_place_that_is_closed_is_gone_and_a_new_one_has_another_name() -> None:
    found, gone = list[Source](), list[str]()
    opened = OpenedPlaces(lambda: SNAPSHOT, found.append, gone.append)
    name = opened.open(URL)
    opened.close(name)
    assert gone == [name]
    with pytest.raises(ValueError, match="nothing that was opened is called opened1"):
        opened.close(name)
    assert opened.open(URL) == "opened2"
    assert all(source.opened for source in found)


def test_places_have_a_bound() -> None:
    names = [source.name for source in open_all(*(f"{URL}?{n}" for n in range(40)))]
    assert len(set(names)) == 16
    assert names[16] == "opened1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a place"),
        ("menu.ipxe", "not a place"),
        ("/boot/x", "not a place"),
        ("(vda9)/x", "no disk is called vda9"),
        ("(eth0)/x", "no disk is called eth0"),
        ("(x)/x", "no disk is called x"),
        (f"{URL}\x1b", "printable"),
        (f"{URL}{'x' * 2000}", "at most 2000 characters"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        open_all(text)


def test_a_disks_superusers_guard_what_was_opened_and_the_opening() -> None:
    from parsers.api import Password

    root = Password(user="root", secret="x")
    local = choice("a", superusers=("root",), passwords=(root,))
    remote = choice("b", device="opened1", own=False)
    snapshot = Snapshot(choices=(local, remote), guards=guards(local), settled=True)
    assert access.find_boot_locks(remote, snapshot) == (Lock((root,)),)
    assert access.find_shell_locks(snapshot) == (Lock((root,)),)
