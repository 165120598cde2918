"""What the menu shows, and what its keys do."""

from parsers.api import Origin, Problem
from petipy.model import Edit
from petipy.ui import theme
from petipy.ui.view import View
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice

SIZE = (80, 24)


class Glass:
    def __init__(self, machine: Machine | None = None, size: tuple[int, int] = SIZE) -> None:
        self.machine = machine or Machine()
        self.size = size
        self.shells = 0
        self.view = View(self.machine.session(), theme.SERIAL, self._shell)

    def _shell(self) -> None:
        self.shells += 1

    def press(self, *keys: str) -> "Glass":
        for key in keys:
            self.view.keypress(self.size, key)
        return self

    def lines(self) -> list[str]:
        self.view.show(self.machine.store.snapshot)
        canvas = self.view.render(self.size, focus=True)
        return [line.decode().rstrip() for line in canvas.text]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    def focused(self) -> str:
        return next((line for line in self.lines() if line.startswith(">")), "")


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


def test_details_tell_files_command_line_and_origin() -> None:
    text = Glass().press("i").text
    for fact in (
        "This is the default",
        "(vda2)/boot/vmlinux",
        "(vda2)/boot/initrd.img",
        "root=/dev/vda2 ro",
        "/boot/grub/grub.cfg, line 12 (grub)",
        "20 GB ext4, label root",
    ):
        assert fact in text


def test_details_tell_which_line_wrote_which_part_and_scroll_to_it() -> None:
    cfg = "/boot/grub/grub.cfg"
    cmdline = "BOOT_IMAGE=/v ro " + " ".join(f"word{n}=something" for n in range(60)) + " debug"
    origins = (
        Origin("linux", "/v", cfg, 14, spans=((0, len(cmdline) - 6),)),
        Origin("$extra", "debug", cfg, 3, "set", ((len(cmdline) - 5, len(cmdline)),)),
        Origin("$root", "hd0", cfg, 13, "search"),
        Origin("initrd", "/i", cfg, 15),
    )
    machine = Machine()
    default = Origin("$default", "0", cfg, 1, "set")
    entry = choice("one", cmdline=cmdline, origins=origins, default_from=(default,))
    machine.store.update(choices=(entry,), default=entry.id)
    glass = Glass(machine).press("i")
    assert len(glass.lines()) == 24
    text = glass.text + "\n".join(glass.press("page down").text for _ in "12")
    for fact in (
        "Default:      $default, set in line 1",
        "Kernel:       linux in line 14; $root, set by search in line 13",
        "Initrd:       initrd in line 15",
        "    linux in line 14",
        "debug\n    $extra, set in line 3",
    ):
        assert fact in text
    assert all(len(line) <= 80 for line in text.splitlines())


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
    machine.store.update(choices=(), default="", scanning=frozenset({"sda1"}))
    glass = Glass(machine).press("enter", "down")
    assert "still looking" in glass.text
    assert "Looking at sda1" in glass.text
    machine.store.update(scanning=frozenset())
    assert "Nothing to boot was found." in glass.text
    old = machine.store.snapshot
    machine.store.update(choices=(choice("Found"),), scanning=frozenset())
    assert old.version < machine.store.snapshot.version
    assert glass.focused() == ">   Found"


def test_an_edited_entry_boots_with_what_was_typed() -> None:
    glass = Glass().press("e", *" single", "ctrl x")
    edit = Edit(
        kernel="(vda2)/boot/vmlinux",
        initrds=("(vda2)/boot/initrd.img",),
        cmdline="root=/dev/vda2 ro single",
    )
    assert glass.machine.booted == [(f"vda2/grub/{DEBIAN}", edit)]


def test_the_editor_knows_the_keys_of_a_shell() -> None:
    glass = Glass().press("e", "ctrl a", *"a b", "ctrl k", "ctrl w", "ctrl e", "c", "tab", "ctrl u")
    glass.press("/", "k", "tab", "ctrl u", "enter")
    assert glass.machine.booted[0][1] == Edit(kernel="/k", initrds=(), cmdline="a c")


def test_what_was_typed_is_not_lost_by_one_escape() -> None:
    glass = Glass().press("e", "x", "esc")
    assert "Your changes would be lost" in glass.text
    assert "root=/dev/vda2 rox" in glass.press("y").text
    assert "Boot menu" in glass.press("esc", "esc").text
    assert "Boot menu" in glass.press("e", "esc").text


def test_letters_in_the_editor_are_text_and_not_commands() -> None:
    glass = Glass().press("e", *"xqlhr?/")
    assert "roxqlhr?/" in glass.text
    assert (glass.shells, glass.machine.rescans) == (0, 0)


def test_an_entry_that_cannot_boot_may_be_edited_until_it_can() -> None:
    glass = Glass().press("end", "up", "up", "up", "e", "enter")
    assert [id for id, _ in glass.machine.booted] == ["sda3/grub/Fedora Linux (0-rescue) 41"]


def test_a_search_narrows_the_menu_down_over_all_submenus() -> None:
    glass = Glass().press("/", *"RECOVERY")
    assert "Find: RECOVERY_" in glass.text
    assert [line[4:] for line in glass.lines() if "recovery" in line] == [
        f"{DEBIAN}, with Linux 6.12.48+deb13-powerpc64le (recovery mode)",
        f"{DEBIAN}, with Linux 6.12.43+deb13-powerpc64le (recovery mode)",
    ]
    glass.press("down", "enter")
    assert glass.machine.booted[0][0].endswith("6.12.43+deb13-powerpc64le (recovery mode)")
    assert "Default install" in glass.press("esc").text


def test_the_log_shows_devices_problems_and_events() -> None:
    machine = Machine()
    machine.say("found vda2")
    machine.say("sdb1: the disk does not answer", "error")
    text = Glass(machine).press("l").text
    assert "vda2: 20 GB ext4, label root - 6 entries" in text
    assert "(vda2)/boot/grub/grub.cfg:12: Memory test: it is a program for the firmware" in text
    assert text.index("sdb1: the disk does not answer") < text.index("found vda2")


def test_the_log_shows_the_line_that_is_wrong_with_a_caret() -> None:
    machine = Machine()
    line = "\tmenuentry 'é' { " + "x" * 200 + " | y }"
    problem = Problem("/c", 7, "syntax error at '|'", column=line.index("|") + 1, excerpt=line)
    machine.store.update(problems=(("vda2", problem),))
    lines = Glass(machine).press("l").lines()
    at = lines.index("(vda2)/c:7: syntax error at '|'")
    shown, caret = lines[at + 1 : at + 3]
    assert shown.startswith("  ...xxx")
    assert (caret.strip(), shown[caret.index("^")]) == ("^", "|")


def test_help_rescan_and_shell() -> None:
    glass = Glass().press("h")
    assert "Keys" in glass.text
    glass.press("tab", "tab")
    assert "petipy.timeout=SECONDS|never: boot the default after so long" in glass.text
    assert "Looking again" in glass.press("esc", "r").text
    glass.press("x")
    assert (glass.machine.rescans, glass.shells) == (1, 1)


def test_the_status_says_what_is_loaded_and_why_it_failed() -> None:
    glass = Glass()
    glass.machine.store.update(booting=glass.machine.store.snapshot.default)
    assert f"Loading {DEBIAN} ..." in glass.text
    glass.machine.store.update(booting="")
    glass.machine.say("Debian did not boot: not a kernel", "error")
    assert "Debian did not boot: not a kernel" in glass.text


def test_why_a_boot_failed_is_told_to_its_end() -> None:
    glass = Glass()
    glass.machine.say(f"{DEBIAN} did not boot: (vda2)/boot/vmlinux-6.12.48: it is cut off", "error")
    assert glass.lines()[-2] == f"{DEBIAN} did not boot: (vda2)/boot/vmlinux-6.12.48: it is cut off"
    glass.machine.say(f"{DEBIAN} did not boot: " + " ".join(map(str, range(100))), "error")
    first, second, third = glass.lines()[-4:-1]
    assert first.startswith(f"{DEBIAN} did not boot: 0 1 2")
    assert all(len(line) < 80 for line in (first, second, third))
    *told, last = f"{first} {second} {third}".split(": ")[1].split()
    assert told == [str(number) for number in range(len(told))]
    assert last.endswith("...")


def test_tab_goes_from_part_to_part_of_a_text() -> None:
    glass = Glass()
    problems = (("vda2", Problem("/boot/grub/grub.cfg", line, "odd")) for line in range(1, 100))
    glass.machine.store.update(problems=tuple(problems))
    glass.machine.say("found vda2")
    glass.press("l")
    assert glass.lines()[2] == "Devices"
    glass.press("tab")
    assert glass.lines()[2] == "Problems"
    glass.press("tab")
    assert "found vda2" in glass.text
    glass.press("tab")
    assert glass.lines()[2] == "Devices"


def test_the_caret_is_under_its_place_on_a_narrow_terminal_too() -> None:
    glass = Glass(size=(40, 12))
    problem = Problem("/c", 1, "odd", column=31, excerpt="a b c d " * 3 + "e f g HERE " + "x " * 20)
    glass.machine.store.update(problems=(("vda2", problem),))
    lines = glass.press("l", "tab").lines()
    (row,) = (number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[row - 1][lines[row].index("^") :].startswith("HERE")
