import math
from dataclasses import replace

from petipy.state.boots import Countdown, Progress
from petipy.state.model import Snapshot
from petipy.ui.line.countdown import CountdownLines, next_change
from tests.ui.fakes import DEBIAN, Machine, choice


def counting(seconds: float, waiting: bool = False) -> Snapshot:
    entry = choice(DEBIAN)
    countdown = Countdown(choice=entry.id, until=seconds, waiting=waiting)
    return Snapshot(choices=(entry,), default=entry.id, countdown=countdown)


def all_output(lines: CountdownLines, snapshot: Snapshot) -> list[tuple[float, str]]:
    """Return the output from 0 to the end of the countdown, each text with its time."""
    now, output = 0.0, []
    while now != math.inf:
        if text := lines.update(snapshot, [], now, invite=True):
            output.append((round(now, 3), text))
        now = next_change(snapshot.countdown, now)
    return output


def test_the_number_changes_at_tens_and_in_the_last_five_seconds() -> None:
    output = all_output(CountdownLines(), counting(32.5))
    assert output[0] == (
        0.0,
        f"Default: {DEBIAN} (vda2)\r\n33 s until it boots - press Enter or a letter for the menu",
    )
    assert output[1:] == [
        (2.5, "\r30 s"),
        (12.5, "\r20 s"),
        (22.5, "\r10 s"),
        (27.5, "\r 5 s"),
        (28.5, "\r 4 s"),
        (29.5, "\r 3 s"),
        (30.5, "\r 2 s"),
        (31.5, "\r 1 s"),
    ]


def test_a_host_that_wants_nothing_to_boot_is_told_in_the_prompt() -> None:
    held = replace(counting(10), countdown=None, hold="setup")
    output = CountdownLines().update(held, [], 0.0, invite=True)
    assert output.endswith("Nothing boots by itself - press Enter or a letter for the menu")


def test_slow_devices_are_told_only_when_some_are_waited_for() -> None:
    lines = CountdownLines()
    lines.update(counting(10), [], 9.5, invite=True)
    assert lines.update(counting(10), [], 10.0, invite=True) == ""
    output = lines.update(counting(10, waiting=True), [], 10.1, invite=True)
    assert output == "\r\nWaiting for slow devices - press Enter or a letter for the menu"


def test_a_tick_costs_no_more_than_five_bytes() -> None:
    output = all_output(CountdownLines(), counting(10))
    assert max(len(text) for _, text in output[1:]) <= 5


def test_nothing_is_printed_twice() -> None:
    lines, snapshot = CountdownLines(), counting(10)
    lines.update(snapshot, [], 0.0, invite=True)
    assert lines.update(snapshot, [], 0.0, invite=True) == ""
    assert lines.update(snapshot, [], 3.3, invite=True) == ""


def test_no_key_is_asked_for_before_one_would_be_heard() -> None:
    assert CountdownLines().update(counting(10), [], 0.0, invite=False) == ""


def test_news_stand_on_lines_of_their_own_and_the_prompt_comes_again() -> None:
    lines, snapshot, machine = CountdownLines(), counting(10), Machine()
    lines.update(snapshot, machine.lines, 0.0, invite=True)
    machine.say("sdb1: no file system\x1b[2J")
    machine.say("of no interest", "debug")
    assert lines.update(snapshot, machine.lines, 0.0, invite=True) == (
        "\r\nsdb1: no file system?[2J\r\n10 s until it boots - press Enter or a letter for the menu"
    )


def test_a_console_says_that_another_one_stopped_the_countdown() -> None:
    lines, snapshot = CountdownLines(), counting(10)
    lines.update(snapshot, [], 0.0, invite=True)
    stopped = Snapshot(choices=snapshot.choices, default=snapshot.default)
    assert lines.update(stopped, [], 1.0, invite=True) == (
        "\r\nCountdown stopped - press Enter or a letter for the menu"
    )


def test_it_fits_a_narrow_terminal_because_a_wrapped_line_cannot_be_rewritten() -> None:
    text = CountdownLines(columns=40).update(counting(10), [], 0.0, invite=True)
    assert all(len(line) < 40 for line in text.split("\r\n"))
    assert text.endswith("10 s until it boots - Enter: menu")


def test_the_key_for_the_menu_goes_before_what_is_waited_for_on_a_narrow_terminal() -> None:
    snapshot = counting(60)
    assert snapshot.countdown
    countdown = replace(snapshot.countdown, awaits="network")
    snapshot = replace(snapshot, countdown=countdown)
    narrow = CountdownLines(columns=40).update(snapshot, [], 0.0, invite=True)
    assert narrow.endswith("\r\n60 s until it boots - Enter: menu")
    wide = CountdownLines().update(snapshot, [], 0.0, invite=True)
    assert wide.endswith("\r\n60 s until it boots, unless network comes first - Enter: menu")


def test_it_says_that_none_of_what_was_found_boots_by_itself() -> None:
    snapshot = replace(counting(10), default="", countdown=None)
    text = CountdownLines().update(snapshot, [], 0.0, invite=True)
    assert text == "Nothing boots by itself yet - press Enter or a letter for the menu"


def test_it_says_that_there_is_nothing_yet() -> None:
    text = CountdownLines().update(Snapshot(), [], 0.0, invite=True)
    assert text.startswith("Looking for something to boot")


def test_while_something_boots_there_is_no_prompt() -> None:
    snapshot = Snapshot(choices=counting(1).choices, booting="x")
    assert CountdownLines().update(snapshot, [], 0.0, invite=True) == ""


def test_a_transfer_from_a_server_gets_a_line_every_ten_seconds() -> None:
    lines = CountdownLines()
    progress = Progress(what="http://x/i", done=12_000_000, total=60_000_000, rate=3_200_000.0)
    snapshot = Snapshot(choices=counting(1).choices, booting="x", progress=progress)
    texts = [lines.update(snapshot, [], second, invite=True) for second in range(21)]
    assert texts[0] == (
        "http://x/i: 12 of 60 MB, 3.2 MB/s, 15 s left; "
        "a key opens the menu, and Esc there stops it\r\n"
    )
    assert [second for second, text in enumerate(texts) if text] == [0, 10, 20]


def test_a_server_that_is_away_is_named_in_place_of_the_rate() -> None:
    progress = Progress(what="http://x/i", done=12_000_000, total=60_000_000)
    away = replace(progress, trouble="no answer from x, third try")
    snapshot = Snapshot(choices=counting(1).choices, booting="x", progress=away)
    text = CountdownLines().update(snapshot, [], 0.0, invite=True)
    assert text.startswith("http://x/i: 12 of 60 MB, no answer from x, third try; a key opens")


def test_a_machine_that_is_to_restart_says_so() -> None:
    ends = Snapshot(countdown=Countdown(choice="", until=4, leave="reboot"))
    output = all_output(CountdownLines(), ends)
    assert output[0][1] == "4 s until it restarts - press Enter or a letter for the menu"
    assert output[1][1] == "\r3 s"
    off = CountdownLines().update(replace(counting(4), countdown=ends.countdown), [], 3, True)
    assert "1 s until it restarts" in off
