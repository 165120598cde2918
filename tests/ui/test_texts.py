"""The texts of the details, the log, the help and the status line."""

from dataclasses import replace

import pytest

from parsers.api import Origin, Problem
from petipy.state.boots import Progress
from petipy.state.model import Source
from tests.ui.driver import Driver
from tests.ui.fakes import DEBIAN, Machine, choice


def test_details_tell_files_command_line_and_origin() -> None:
    text = Driver().press("i").text
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
    driver = Driver(machine).press("i")
    assert len(driver.lines()) == 24
    text = driver.text + "\n".join(driver.press("page down").text for _ in "12")
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
    text = Driver(machine).press("l").text
    assert "vda2: 20 GB ext4, label root - 6 entries" in text
    assert "(vda2)/boot/grub/grub.cfg:12: Memory test: it is a program for the firmware" in text
    assert text.index("sdb1: the disk does not answer") < text.index("found vda2")


def test_the_log_says_why_a_source_gives_nothing() -> None:
    machine = Machine()
    failed = Source(name="sdb1", title="sdb1: ext4", state="failed", reason="Input/output error")
    machine.store.update(sources=(*machine.store.snapshot.sources, failed))
    assert "sdb1: ext4 - failed: Input/output error" in Driver(machine).press("l").text


def test_the_log_shows_the_line_that_is_wrong_with_a_caret() -> None:
    machine = Machine()
    line = "\tmenuentry 'é' { " + "x" * 200 + " | y }"
    problem = Problem("/c", 7, "syntax error at '|'", column=line.index("|") + 1, excerpt=line)
    machine.store.update(problems=(("vda2", problem),))
    lines = Driver(machine).press("l").lines()
    at = lines.index("(vda2)/c:7: syntax error at '|'")
    shown, caret = lines[at + 1 : at + 3]
    assert shown.startswith("  ...xxx")
    assert (caret.strip(), shown[caret.index("^")]) == ("^", "|")


def test_help_rescan_and_shell() -> None:
    driver = Driver().press("h")
    assert "Keys" in driver.text
    driver.press("tab", "tab")
    assert "petipy.timeout=SECONDS|never: boot the default after so long" in driver.text
    assert "Looking again" in driver.press("esc", "r").text
    driver.press("x")
    assert (driver.machine.rescans, driver.shells) == (1, 1)


def test_the_status_says_what_is_loaded_and_why_it_failed() -> None:
    driver = Driver()
    driver.machine.store.update(booting=driver.machine.store.snapshot.default)
    assert f"Loading {DEBIAN} ..." in driver.text
    driver.machine.store.update(
        progress=Progress(what="/initrd", done=12_000_000, total=45_000_000)
    )
    assert f"Loading {DEBIAN} ... - Esc stops it" in driver.text
    assert f"[{8 * '#'}{22 * '.'}] 12 of 45 MB\n" in driver.text
    progress = Progress(what="http://x/i", done=12_000_000, total=60_000_000, rate=3_200_000.0)
    driver.machine.store.update(progress=progress)
    assert f"[{6 * '#'}{24 * '.'}] 12 of 60 MB, 3.2 MB/s, 15 s left\n" in driver.text
    driver.machine.store.update(progress=replace(progress, total=None))
    assert "\n12 MB, 3.2 MB/s\n" in driver.text
    driver.machine.store.update(progress=replace(progress, rate=200_000.0))
    assert "200 kB/s, 4 min left\n" in driver.text
    away = "no answer from 2001:db8:1234:5678:9abc:def0:1234:5678, third try"
    driver.machine.store.update(progress=replace(progress, trouble=away))
    assert f"[{6 * '#'}{24 * '.'}]\n12 of 60 MB, {away}\n" in driver.text
    driver.machine.store.update(progress=Progress(what="/vmlinux", done=0))
    assert f"Loading {DEBIAN} ... - Esc stops it" in driver.text
    driver.machine.store.update(booting="")
    driver.machine.say("Debian did not boot: not a kernel", "error")
    assert "Debian did not boot: not a kernel" in driver.text


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
def test_a_bar_grows_at_its_place_until_all_is_there(size: tuple[int, int]) -> None:
    driver = Driver(size=size)
    store = driver.machine.store
    rows, lengths = set(), []
    for done in range(10, 130, 10):
        progress = Progress(what="i", done=done * 10**6, total=120 * 10**6, rate=12e6)
        store.update(booting=store.snapshot.default, progress=progress)
        ((row, bar),) = ((at, line) for at, line in enumerate(driver.lines()) if line[:1] == "[")
        rows.add(row)
        lengths.append(bar.count("#"))
        assert "Esc stops it" in driver.text
        assert f"{done} of 120 MB, 12 MB/s" in driver.text
    assert len(rows) == 1
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (2, 30)


def test_esc_stops_what_is_being_loaded_and_leaves_the_page_as_it_is() -> None:
    driver = Driver().press("l")
    driver.machine.store.update(booting=driver.machine.store.snapshot.default)
    driver.press("esc")
    assert driver.machine.stops == 1
    assert "Petipy 0.1 - Log" in driver.text
    driver.machine.store.update(booting="", problems=(("vda1", Problem("", 0, "odd")),))
    assert f"Loading {DEBIAN} was stopped" in driver.text
    assert "Boot menu" in driver.press("esc").text
    assert driver.machine.stops == 1


def test_why_a_boot_failed_is_told_to_its_end() -> None:
    driver = Driver()
    driver.machine.say(
        f"{DEBIAN} did not boot: (vda2)/boot/vmlinux-6.12.48: it is cut off", "error"
    )
    assert (
        driver.lines()[-2] == f"{DEBIAN} did not boot: (vda2)/boot/vmlinux-6.12.48: it is cut off"
    )
    driver.machine.say(f"{DEBIAN} did not boot: " + " ".join(map(str, range(100))), "error")
    first, second, third = driver.lines()[-4:-1]
    assert first.startswith(f"{DEBIAN} did not boot: 0 1 2")
    assert all(len(line) < 80 for line in (first, second, third))
    *messages, last = f"{first} {second} {third}".split(": ")[1].split()
    assert messages == [str(number) for number in range(len(messages))]
    assert last.endswith("...")


def test_tab_goes_from_part_to_part_of_a_text() -> None:
    driver = Driver()
    problems = (("vda2", Problem("/boot/grub/grub.cfg", line, "odd")) for line in range(1, 100))
    driver.machine.store.update(problems=tuple(problems))
    driver.machine.say("found vda2")
    driver.press("l")
    assert driver.lines()[2] == "Devices"
    driver.press("tab")
    assert driver.lines()[2] == "Problems"
    driver.press("tab")
    assert "found vda2" in driver.text
    driver.press("tab")
    assert driver.lines()[2] == "Devices"


def test_the_caret_is_under_its_place_on_a_narrow_terminal_too() -> None:
    driver = Driver(size=(40, 12))
    problem = Problem("/c", 1, "odd", column=31, excerpt="a b c d " * 3 + "e f g HERE " + "x " * 20)
    driver.machine.store.update(problems=(("vda2", problem),))
    lines = driver.press("l", "tab").lines()
    (row,) = (number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[row - 1][lines[row].index("^") :].startswith("HERE")
