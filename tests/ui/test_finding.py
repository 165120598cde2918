"""The search of the menu: its words, its marks, and its work with ten thousand entries."""

import pytest

from petipy.state.model import File, Snapshot, Status
from petipy.ui.finding import Finder
from petipy.ui.kit import theme
from petipy.ui.kit.screen import Row
from tests.effort import count_lines
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

ENTRIES = (
    choice("Debian GNU/Linux", kernel=File(device="vda2", path="/boot/vmlinux-6.12.48")),
    choice("Fedora Linux 41", "sda3", cmdline="root=UUID=1 rhgb quiet"),
    choice("Débian, recovery", trail=("Advanced options",), cmdline="root=/dev/vda2 single"),
    choice("Memory test", "sr0", cmdline=""),
)
TITLES = {"vda2": "vda2: 20 GB ext4, label root", "sr0": "sr0: a disc"}


def find(needle: str) -> list[str]:
    finder = Finder(ENTRIES, TITLES)
    return [ENTRIES[at].entry.title for at in finder.find(needle)]


@pytest.mark.parametrize(
    ("needle", "titles"),
    [
        ("fedora", ["Fedora Linux 41"]),
        ("debian", ["Debian GNU/Linux", "Débian, recovery"]),
        ("QUIET", ["Fedora Linux 41"]),
        ("6.12.48", ["Debian GNU/Linux"]),
        ("ext4 rec", ["Débian, recovery"]),
        ("sr0", ["Memory test"]),
        ("advanced", ["Débian, recovery"]),
        ("linux 41", ["Fedora Linux 41"]),
        ("deb gnu", ["Debian GNU/Linux"]),
        ("fdr41", ["Fedora Linux 41"]),  # letter by letter
        ("mtst", ["Memory test"]),
        ("rhq", []),  # not in a command line
        ("zzz", []),
    ],
)
def test_words_are_found_in_titles_devices_versions_and_command_lines(
    needle: str, titles: list[str]
) -> None:
    assert find(needle) == titles


def test_a_needle_that_grows_and_shrinks_finds_the_same_as_a_new_one() -> None:
    finder = Finder(ENTRIES, TITLES)
    for needle in ("d", "de", "deb", "deb gn", "deb", "fdr", "f", "", "q", "quiet x", "quiet"):
        assert [*finder.find(needle)] == [*Finder(ENTRIES, TITLES).find(needle)]


def test_the_cursor_goes_to_the_entry_with_the_needle_in_its_title() -> None:
    machine = Machine()
    entries = (choice("A", cmdline="root=debian"), choice("B"), choice("Old Debian"))
    machine.store.update(choices=entries, default="")
    driver = Driver(machine).press("/", *"debian")
    assert driver.focused() == ">   Old Debian"
    assert driver.press("enter").machine.booted == [(entries[2].id, None)]


def draw(row: Row, columns: int, *, focus: bool = False) -> list[tuple[object, str]]:
    (line,) = row.render((columns,), focus).content()
    return [(kind, text.decode()) for kind, _, text in line if kind is not None]


def test_a_row_marks_what_was_found_also_where_it_is_cut_or_under_the_bar() -> None:
    finder = Finder(ENTRIES, TITLES)
    text = "   Debian GNU/Linux, with Linux 6.12.48 (recovery mode)"
    row = Row(text, None, theme.SERIAL, marks=finder.mark(text, "debian mode"))
    assert draw(row, 80) == [("match", "Debian"), ("match", "mode")]
    assert draw(row, 40) == [("match", "Debian"), ("match", "mode")]
    assert draw(row, 80, focus=True)[:2] == [("focus", ">   "), ("focus match", "Debian")]
    row = Row(text, None, theme.SERIAL, marks=finder.mark(text, "6.12"))
    assert draw(row, 40) == []  # it is in the middle, which does not fit
    finder.find("dgl")
    assert finder.by_letters
    assert finder.mark(text, "dgl") == [(3, 4), (10, 11), (14, 15)]


def test_an_excerpt_shows_what_was_found_beside_the_title() -> None:
    finder = Finder(ENTRIES, TITLES)
    long = choice("Long", cmdline=f"{'a' * 500} quiet {'b' * 500}")
    assert finder.explain(long, "quiet") == "...aaaaaaaaaaa quiet bbbbbbbbbbbb..."
    assert finder.explain(ENTRIES[2], "advanced") == "Advanced options"
    assert finder.explain(ENTRIES[1], "fedora") == ""


def make_snapshot(count: int) -> Snapshot:
    entries = tuple(
        choice(f"Debian GNU/Linux, with Linux 6.{n % 20}.{n}", f"sd{n // 50}") for n in range(count)
    )
    return Snapshot(version=1, choices=entries, default=entries[-1].id)


def open_menu(snapshot: Snapshot) -> Driver:
    machine = Machine()
    machine.store.snapshot = snapshot
    driver = Driver(machine)
    driver.lines()
    return driver


def test_ten_thousand_entries_move_as_fast_as_a_hundred_and_open_nearly_so() -> None:
    few, many = make_snapshot(100), make_snapshot(10_000)
    open_menu(few)
    # A few lines for each: no row is made that is not shown.
    assert count_lines(lambda: open_menu(many)) < 35 * 10_000
    small, large = open_menu(few), open_menu(many)
    for key in ("up", "page up", "down"):
        quick = count_lines(lambda key=key: small.press(key).lines())  # type: ignore[misc]
        slow = count_lines(lambda key=key: large.press(key).lines())  # type: ignore[misc]
        assert slow < 1.2 * quick + 100


def test_news_that_no_row_shows_costs_ten_thousand_entries_nothing() -> None:
    drivers = [open_menu(make_snapshot(count)) for count in (100, 10_000)]
    few, many = (count_lines(lambda driver=driver: tell(driver)) for driver in drivers)  # type: ignore[misc]
    assert many < 1.2 * few + 100


def tell(driver: Driver) -> None:
    driver.machine.store.update(status=Status(at=1, level="error", text="news"))
    assert "news" in driver.text


def test_a_letter_of_a_search_looks_at_ten_thousand_entries_with_few_calls() -> None:
    driver = open_menu(make_snapshot(10_000)).press("/", "d")
    driver.lines()
    for letter in "ebian 6.1":
        assert count_lines(lambda letter=letter: driver.press(letter).lines()) < 400_000  # type: ignore[misc]
