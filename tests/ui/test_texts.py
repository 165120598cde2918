"""The texts of the details, the log, the help and the status line."""

from parsers.api import Origin, Problem
from tests.ui.fakes import DEBIAN, Machine, choice
from tests.ui.glass import Glass


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


def test_esc_stops_what_is_being_loaded_and_leaves_the_page_as_it_is() -> None:
    glass = Glass().press("l")
    glass.machine.store.update(booting=glass.machine.store.snapshot.default)
    glass.press("esc")
    assert glass.machine.stops == 1
    assert "Petipy 0.1 - Log" in glass.text
    glass.machine.store.update(booting="")
    assert "Boot menu" in glass.press("esc").text
    assert glass.machine.stops == 1


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
