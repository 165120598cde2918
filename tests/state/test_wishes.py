"""The entries that a text means, and the text by which an entry is wished for."""

import re

import pytest

from petipy.state.model import Choice
from petipy.state.names import make_name
from petipy.state.wishes import find_entries, make_wish
from tests.samples import choice, entry


def made(id: str, title: str = "", trail: tuple[str, ...] = (), name: str = "") -> Choice:
    return choice(id, entry=entry(title or id, trail=trail, name=name or title or id))


SIMPLE = made("u:/g#simple-u", "Debian GNU/Linux", name="simple-u")
V9 = made("u:/g#Advanced>Linux 6.1.0-9-amd64", "Linux 6.1.0-9-amd64", ("Advanced",))
V13 = made("u:/g#Advanced>Linux 6.1.0-13-amd64", "Linux 6.1.0-13-amd64", ("Advanced",))
RECOVERY = made("u:/g#Advanced>Linux 6.1.0-13-amd64 (recovery)", trail=("Advanced",))
BLS = "x:/loader/entries/0123456789abcdef-6.11.4-301.fc41.ppc64le.conf#0123456789abcdef-"
FEDORA = made(f"{BLS}6.11.4-301.fc41.ppc64le", "Fedora (6.11.4-301.fc41.ppc64le) 41")
ALL = (SIMPLE, V9, V13, RECOVERY, FEDORA)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SIMPLE.id, [SIMPLE]),
        ("debian gnu/linux", [SIMPLE]),
        ("simple-u", [SIMPLE]),
        ("Advanced>Linux 6.1.0-9-amd64", [V9]),
        ("linux 6.1.0-9-amd64", [V9]),
        ("Other>Linux 6.1.0-9-amd64", []),
        ("u:/g#Advanced>Linux *-amd64", [V13, V9]),
        ("u:/g#Advanced>Linux 6.1.0-8-amd64", [V13, V9]),  # it has been removed since
        ("v:/g#Advanced>Linux 6.1.0-8-amd64", []),
        ("u:/g#gone", []),
        (make_name(V9), [V9]),
        ("*", []),
    ],
)
def test_a_text_means_entries_by_id_title_and_name_then_by_the_id_without_versions(
    text: str, found: list[Choice]
) -> None:
    assert find_entries(text, ALL) == found


def test_the_wish_for_the_newest_kernel_follows_updates_and_that_for_an_older_one_does_not() -> (
    None
):
    newest, older = make_wish(V13, ALL), make_wish(V9, ALL)
    assert newest == "u:/g#Advanced>Linux *-amd64"
    assert older == V9.id
    update = made("u:/g#Advanced>Linux 6.1.0-15-amd64")
    after = (SIMPLE, update, V13, RECOVERY)
    assert find_entries(newest, after)[0] == update
    assert find_entries(newest, (V13, V9))[0] == V13
    assert find_entries(older, (*after, V9)) == [V9]
    assert find_entries(older, after)[0] == update


def test_an_entry_without_a_version_is_wished_for_by_its_id() -> None:
    assert make_wish(SIMPLE, ALL) == SIMPLE.id


def test_the_names_of_bls_files_have_versions_with_the_distributions_release() -> None:
    wish = make_wish(FEDORA, ALL)
    assert wish == ("x:/loader/entries/0123456789abcdef-*.ppc64le.conf#0123456789abcdef-*.ppc64le")
    update = BLS.replace("6.11.4-301.fc41", "6.12.1-100.fc42") + "6.12.1-100.fc42.ppc64le"
    assert find_entries(wish, (FEDORA, made(update)))[0].id == update
    assert len(f"petipy,entry={wish}") < 256  # SLOF reads no more of a line of NVRAM


def test_names_for_systemd_have_no_character_that_it_refuses() -> None:
    """logind takes a name that is a file name of letters, digits and a few signs (man sd-boot)."""
    odd = made("u:/g#\udcff", "Größe / ../x\n" + 200 * "y")
    assert re.fullmatch(r"[A-Za-z0-9.+-]{1,80}", make_name(odd))
    assert make_name(made("u:/g#1", "Debian")) != make_name(made("u:/g#2", "Debian"))
    assert make_name(V9).startswith("Linux-6.1.0-9-amd64-")
