"""The system information, and the report that it writes."""

from dataclasses import replace

from parsers.api import Problem
from petipy.report.machine import write_report
from petipy.state.inventory import Part
from petipy.state.model import Source
from petipy.state.settings import Settings
from tests.ui.consoles import console_at, open_menu, start_countdown
from tests.ui.driver import Driver
from tests.ui.emulator import run
from tests.ui.fakes import PARTS, Machine, choice


def test_it_is_read_anew_when_a_source_comes_and_not_before() -> None:
    machine = Machine()
    driver = Driver(machine).press("I")
    machine.parts = (Part("Disks", (("sdz", "a new disk"),)),)
    machine.store.update(settled=True)
    assert "a new disk" not in driver.text
    machine.store.update(sources=(*machine.store.snapshot.sources, Source(name="sdz")))
    assert "a new disk" in driver.text


def test_a_report_has_all_that_helps_and_no_secret() -> None:
    machine = Machine()
    secret = choice("Secret", cmdline="luks.key=geheim", waits_for="a disk")
    problem = Problem("/c", 3, "odd", column=1, excerpt="password geheim")
    settings = Settings(password="$6$geheim")
    machine.store.update(
        choices=(*machine.store.snapshot.choices, secret),
        problems=(("vda2", problem),),
        settings=replace(settings, complaints=("petipy.x: no such setting",)),
    )
    machine.say("found http://host/")
    lines = write_report(PARTS, machine.store.snapshot, machine.lines)
    text = "\n".join(lines)
    assert "geheim" not in text
    for line in (
        "Machine:",
        "  Model: IBM pSeries (emulated by qemu)",
        "  vda2: 20 GB ext4, label root: ready, 7 entries",
        "  * vda2, grub: Debian GNU/Linux",
        "  ! vda2, grub: Secret (waits for a disk)",
        "  (vda2)/c:3: odd",
        "  petipy.x: no such setting",
        "  0.000 info: found http://host/",
    ):
        assert line in lines
    assert all(line.isprintable() for line in lines)


def test_a_report_of_a_huge_machine_is_cut() -> None:
    machine = Machine()
    many = tuple(choice("x" * 5000, number=number) for number in range(3000))
    machine.store.update(choices=many)
    for number in range(5000):
        machine.say(f"line {number}")
    lines = write_report(PARTS, machine.store.snapshot, machine.lines)
    assert "  and 2900 more" in lines
    assert len("\r\n".join(lines)) < 60_000


def test_at_a_terminal_it_is_plain_text_that_scrolls_and_a_key_comes_back() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("I")
            await emulator.until("System information")
            before = len(emulator.received)
            emulator.type("w")
            await emulator.until("Any key comes back to the menu.")
            sent = bytes(emulator.received[before:]).decode()
            report = write_report(PARTS, machine.store.snapshot, machine.lines)
            assert "\r\n".join(report) in sent
            emulator.type(" ")
            await emulator.until("System information")

    run(scenario())


def test_a_report_that_nobody_leaves_makes_room_for_the_countdown() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("Iw")
            await emulator.until("Any key comes back to the menu.")
            machine.clock.forward(1000)
            start_countdown(machine)
            await emulator.until(" s until it boots")

    run(scenario())
