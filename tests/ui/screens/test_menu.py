"""The menu: its rows and its keys."""

from petipy.state.model import Source
from tests.ui.driver import Driver
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice, looking


def test_the_menu_at_80_by_24() -> None:
    assert [line for line in Driver().lines() if line] == [
        "Petipy 0.1 - Boot menu",
        "vda2: 20 GB ext4, label root",
        "> * Debian GNU/Linux",
        "    Advanced options for Debian GNU/Linux ->",
        "  ! Memory test (it is a program for the firmware)",
        "sda3: 100 GB xfs, label fedora",
        "    Fedora Linux (6.11.4-301.fc41.ppc64le) 41 (Server Edition)",
        "  ! Fedora Linux (0-rescue) 41 (waits for the file system with UUID 4f1d)",
        "sr0: 600 MB iso9660, label Debian 13 ppc64el n",
        "    Default install",
        "    Expert install",
        "    Rescue mode",
        "Enter boot  e edit  h help  i info  l log  N network  r rescan  x shell  / find",
    ]


def test_on_a_small_terminal_titles_lose_their_middle_and_blank_lines_go() -> None:
    lines = Driver(size=(40, 12)).lines()
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
    driver = Driver().press("end", "up", "enter")
    assert driver.machine.booted == [("sr0/grub/Expert install", None)]


def test_the_right_arrow_never_boots() -> None:
    assert Driver().press("right", "right").machine.booted == []


def test_home_is_the_first_entry_with_its_device_above_it() -> None:
    many = tuple(choice(f"Kernel {number}") for number in range(40))
    driver = Driver()
    driver.machine.store.update(choices=many, default=many[0].id)
    assert driver.focused() == "> * Kernel 0"
    for home in ("home", "g"):
        driver.press("end")
        assert driver.focused() == ">   Kernel 39"
        driver.press(home)
        assert driver.focused() == "> * Kernel 0"
        assert driver.lines()[2] == "vda2: 20 GB ext4, label root"


def test_a_submenu_opens_and_closes() -> None:
    driver = Driver().press("down", "enter")
    assert driver.lines()[0] == f"Petipy 0.1 - {ADVANCED}"
    assert driver.focused() == f">   {DEBIAN}, with Linux 6.12.48+deb13-powerpc64le"
    driver.press("down", "down", "left")
    assert driver.focused() == f">   {ADVANCED} ->"
    driver.press("right", "esc", "enter", "backspace", "backspace", "esc")
    assert driver.lines()[0] == "Petipy 0.1 - Boot menu"
    assert driver.machine.booted == []


def test_a_default_in_a_submenu_shows_outside_and_inside() -> None:
    machine = Machine()
    inner = machine.store.snapshot.choices[2]
    machine.store.update(default=inner.id)
    driver = Driver(machine)
    assert driver.focused() == f"> * {ADVANCED} ->"
    assert driver.press("enter").focused() == f"> * {inner.entry.title}"


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
    driver = Driver(machine)
    assert driver.text.count("More ->") == 2
    assert "two" in driver.press("enter").text
    assert "three" not in driver.text
    assert "one" in driver.press("enter").text
    assert "three" in driver.press("esc", "esc", "end", "enter").text


def test_an_entry_that_cannot_boot_says_why_instead() -> None:
    driver = Driver().press("down", "down", "enter")
    assert driver.machine.booted == []
    assert "It cannot be booted now: it is a program for the firmware." in driver.text
    assert driver.press("enter").machine.booted == []


def test_the_cursor_stays_on_its_entry_when_rows_come_before_it() -> None:
    driver = Driver().press("end")
    old = driver.machine.store.snapshot
    new = (choice("New disk", "vdb1"), *old.choices)
    driver.machine.store.update(choices=new, default=new[0].id)
    assert driver.focused() == ">   Rescue mode"
    assert "* New disk" in driver.text


def test_the_cursor_goes_to_a_default_that_is_decided_after_the_menu_is_there() -> None:
    machine = Machine()
    last = machine.store.snapshot.choices[-1]
    machine.store.update(default="")
    early, late = Driver(machine), Driver(machine).press("down")
    assert early.focused() == f">   {DEBIAN}"
    machine.store.update(default=last.id)
    assert early.focused() == "> * Rescue mode"
    assert late.focused() == f">   {ADVANCED} ->"  # a person is there
    machine.store.update(default=machine.store.snapshot.choices[0].id)
    assert early.focused() == ">   Rescue mode"


def test_the_cursor_is_on_the_default_when_its_entry_goes() -> None:
    driver = Driver().press("end")
    old = driver.machine.store.snapshot
    driver.machine.store.update(choices=old.choices[:-3])
    assert driver.focused() == f"> * {DEBIAN}"


def test_a_machine_without_entries_says_what_it_does() -> None:
    machine = Machine()
    machine.store.update(choices=(), default="", sources=looking("sda1"))
    driver = Driver(machine).press("enter", "down")
    assert "still looking" in driver.text
    assert "Looking at sda1" in driver.text
    machine.store.update(sources=(Source(name="sda1", state="ready"),))
    assert "Nothing to boot was found." in driver.text
    old = machine.store.snapshot
    machine.store.update(choices=(choice("Found"),))
    assert old.version < machine.store.snapshot.version
    assert driver.focused() == ">   Found"


def test_a_search_narrows_the_menu_down_over_all_submenus() -> None:
    driver = Driver().press("/", *"RECOVERY")
    assert "Find: RECOVERY_" in driver.text
    assert "e edit" not in driver.text  # letters belong to the search
    assert [line[4:] for line in driver.lines() if "recovery" in line] == [
        f"{DEBIAN}, with Linux 6.12.48+deb13-powerpc64le (recovery mode)",
        f"{DEBIAN}, with Linux 6.12.43+deb13-powerpc64le (recovery mode)",
    ]
    driver.press("down", "enter")
    assert driver.machine.booted[0][0].endswith("6.12.43+deb13-powerpc64le (recovery mode)")
    assert "Default install" in driver.press("esc").text
