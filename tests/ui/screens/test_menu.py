"""The menu: its rows and its keys."""

from petipy.state.model import Source
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice, looking
from tests.ui.glass import Glass


def test_the_menu_at_80_by_24() -> None:
    assert [line for line in Glass().lines() if line] == [
        "Petipy 0.1 - Boot menu",
        "vda2: 20 GB ext4, label root",
        "> * Debian GNU/Linux",
        "    Advanced options for Debian GNU/Linux ->",
        "  ! Memory test (it is a program for the firmware)",
        "sda3: 100 GB xfs, label fedora",
        "    Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)",
        "  ! Fedora Linux (0-rescue) 41 (waits for the file system with UUID=4f1d)",
        "sr0: 600 MB iso9660, label Debian 13 ppc64el n",
        "    Default install",
        "    Expert install",
        "    Rescue mode",
        "Enter boot  e edit  h help  i info  l log  r rescan  x shell  / find",
    ]


def test_on_a_small_terminal_titles_lose_their_middle_and_blank_lines_go() -> None:
    lines = Glass(size=(40, 12)).lines()
    assert len(lines) == 12
    assert all(len(line) <= 40 for line in lines)
    assert lines[:4] == [
        "Petipy 0.1 - Boot menu",
        "vda2: 20 GB ext4, label root",
        "> * Debian GNU/Linux",
        "    Advanced options for... GNU/Linux ->",
    ]
    assert lines[-1] == "Enter boot  e edit  h help  i info"


def test_enter_boots_the_entry_under_the_cursor() -> None:
    glass = Glass().press("end", "up", "enter")
    assert glass.machine.booted == [("sr0/grub/Expert install", None)]


def test_the_right_arrow_never_boots() -> None:
    assert Glass().press("right", "right").machine.booted == []


def test_home_is_the_first_entry_with_its_device_above_it() -> None:
    many = tuple(choice(f"Kernel {number}") for number in range(40))
    glass = Glass()
    glass.machine.store.update(choices=many, default=many[0].id)
    assert glass.focused() == "> * Kernel 0"
    for home in ("home", "g"):
        glass.press("end")
        assert glass.focused() == ">   Kernel 39"
        glass.press(home)
        assert glass.focused() == "> * Kernel 0"
        assert glass.lines()[2] == "vda2: 20 GB ext4, label root"


def test_a_submenu_opens_and_closes() -> None:
    glass = Glass().press("down", "enter")
    assert glass.lines()[0] == f"Petipy 0.1 - {ADVANCED}"
    assert glass.focused() == f">   {DEBIAN}, with Linux 6.12.48+deb13-powerpc64le"
    glass.press("down", "down", "left")
    assert glass.focused() == f">   {ADVANCED} ->"
    glass.press("right", "esc", "enter", "backspace", "backspace", "esc")
    assert glass.lines()[0] == "Petipy 0.1 - Boot menu"
    assert glass.machine.booted == []


def test_a_default_in_a_submenu_shows_outside_and_inside() -> None:
    machine = Machine()
    inner = machine.store.snapshot.choices[2]
    machine.store.update(default=inner.id)
    glass = Glass(machine)
    assert glass.focused() == f"> * {ADVANCED} ->"
    assert glass.press("enter").focused() == f"> * {inner.entry.title}"


def test_submenus_within_submenus_and_of_the_same_name_on_two_devices() -> None:
    machine = Machine()
    machine.store.update(
        choices=(
            choice("one", "vda1", ("More", "Deep")),
            choice("two", "vda1", ("More",)),
            choice("three", "vdb1", ("More",)),
        ),
        default="",
    )
    glass = Glass(machine)
    assert glass.text.count("More ->") == 2
    assert "two" in glass.press("enter").text
    assert "three" not in glass.text
    assert "one" in glass.press("enter").text
    assert "three" in glass.press("esc", "esc", "end", "enter").text


def test_an_entry_that_cannot_boot_says_why_instead() -> None:
    glass = Glass().press("down", "down", "enter")
    assert glass.machine.booted == []
    assert "It cannot be booted now: it is a program for the firmware." in glass.text
    assert glass.press("enter").machine.booted == []


def test_the_cursor_stays_on_its_entry_when_rows_come_before_it() -> None:
    glass = Glass().press("end")
    old = glass.machine.store.snapshot
    new = (choice("New disk", "vdb1"), *old.choices)
    glass.machine.store.update(choices=new, default=new[0].id)
    assert glass.focused() == ">   Rescue mode"
    assert "* New disk" in glass.text


def test_the_cursor_is_on_the_default_when_its_entry_goes() -> None:
    glass = Glass().press("end")
    old = glass.machine.store.snapshot
    glass.machine.store.update(choices=old.choices[:-3])
    assert glass.focused() == f"> * {DEBIAN}"


def test_a_machine_without_entries_says_what_it_does() -> None:
    machine = Machine()
    machine.store.update(choices=(), default="", sources=looking("sda1"))
    glass = Glass(machine).press("enter", "down")
    assert "still looking" in glass.text
    assert "Looking at sda1" in glass.text
    machine.store.update(sources=(Source(name="sda1", state="ready"),))
    assert "Nothing to boot was found." in glass.text
    old = machine.store.snapshot
    machine.store.update(choices=(choice("Found"),))
    assert old.version < machine.store.snapshot.version
    assert glass.focused() == ">   Found"


def test_a_search_narrows_the_menu_down_over_all_submenus() -> None:
    glass = Glass().press("/", *"RECOVERY")
    assert "Find: RECOVERY_" in glass.text
    assert "e edit" not in glass.text  # letters belong to the search
    assert [line[4:] for line in glass.lines() if "recovery" in line] == [
        f"{DEBIAN}, with Linux 6.12.48+deb13-powerpc64le (recovery mode)",
        f"{DEBIAN}, with Linux 6.12.43+deb13-powerpc64le (recovery mode)",
    ]
    glass.press("down", "enter")
    assert glass.machine.booted[0][0].endswith("6.12.43+deb13-powerpc64le (recovery mode)")
    assert "Default install" in glass.press("esc").text
