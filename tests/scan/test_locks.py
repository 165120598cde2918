"""The locks of a tree, as the real formats find them: doubt keeps a lock closed."""

import pytest

from parsers.api import Password
from parsers.formats import formats
from petipy.scan.tree import scan_tree
from petipy.state.guards import find_guards
from petipy.state.model import Scan
from tests.fakes import Machine

GRUB, EXTLINUX, LEGACY = "/boot/grub/grub.cfg", "/extlinux/extlinux.conf", "/boot/grub/menu.lst"
ENTRY = "menuentry a --unrestricted {\n linux /v\n}\n"
ROOT = "set superusers=root\npassword root s\n"
LONG = "# a comment that fills its line\n" * 60_000


def scan(tree: dict[str, str]) -> Scan:
    files = Machine({"sda1": {"/v": "", **tree}}, machine="x86_64").files("sda1")
    return scan_tree(files, formats())


def superusers(found: Scan) -> list[tuple[str, tuple[str, ...], tuple[Password, ...]]]:
    guards = find_guards("sda1", found.preferences)
    return [(guard.config, guard.superusers, guard.keys) for guard in guards]


@pytest.mark.parametrize(
    ("path", "text", "user"),
    [
        (GRUB, ROOT, "root"),
        (GRUB, f"{ROOT}submenu b {{ true; }}\n", "root"),
        (GRUB, f"{ROOT}linux /v\nboot\n", "root"),
        (LEGACY, "password s\n", ""),
        (EXTLINUX, "MENU MASTER PASSWD s\n", "master"),
        ("/etc/lilo.conf", "password=s\n", ""),
        ("/etc/yaboot.conf", "password=s\n", ""),
    ],
)
def test_a_menu_without_entries_has_its_superusers(path: str, text: str, user: str) -> None:
    ((config, users, (key,)),) = superusers(scan({path: text}))
    assert (config, users) == (path, (user,))
    assert (key.user, key.secret) == (user, "s")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/lilo.conf", 'password=""\nrestricted\nimage=/v\nlabel=a\n'),
        (LEGACY, "password --md5\ntitle a\nkernel /v\n"),
    ],
)
def test_a_password_that_nobody_can_read_locks_all_the_same(path: str, text: str) -> None:
    assert superusers(scan({path: text})) == [(path, ("",), ())]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (GRUB, f"{ENTRY}while true; do true; done\n", ROOT),
        (GRUB, ENTRY + LONG, ROOT),
        (LEGACY, f"title a\nkernel /v\n{LONG}", "password s\n"),
        (EXTLINUX, f"LABEL a\nKERNEL /v\n{LONG}", "MENU MASTER PASSWD s\n"),
        ("/etc/lilo.conf", f"image=/v\nlabel=a\n{LONG}", "password=s\n"),
    ],
)
def test_a_configuration_that_is_cut_may_have_superusers(
    path: str, before: str, after: str
) -> None:
    found = scan({path: before + after})
    assert [entry.title for _, entry in found.entries] == ["a"]
    assert found.stopped.startswith(f"{path}: ")
    locked = scan({path: after + before})
    assert superusers(locked)
    assert not locked.stopped


def test_a_menu_that_another_one_shows_keeps_its_superusers() -> None:
    menu = "password s\ntitle a\nkernel /v\n"
    found = scan({GRUB: f"legacy_configfile {LEGACY}\n", LEGACY: menu})
    assert [form for form, _ in found.entries] == ["grub"]
    assert [(config, users) for config, users, _ in superusers(found)] == [(LEGACY, ("",))]
