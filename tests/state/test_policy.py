import math
from dataclasses import replace
from typing import Any

import pytest

from parsers.api import Password
from petipy.state import candidates, policy
from petipy.state.boots import Countdown
from petipy.state.model import IMAGE, NETWORK, OPTICAL, ORDINARY, File, Signature, Snapshot
from petipy.state.order import parse
from petipy.state.policy import Decision, Hints
from petipy.state.settings import Settings
from tests.samples import choice, device, entry, guards, sources

A, B = choice("a", turn=0), choice("b", turn=0, device="vdb1")
OLD, RECOVERY = choice("old"), choice("r", entry=entry("r", cmdline="root=/dev/vda2 single"))
SEEN = Snapshot(
    settled=True, sources=sources(device("vda2"), device("vdb1")), choices=(RECOVERY, OLD, A, B)
)
READY = Hints(since=100)
QUICK = Settings(timeout=5)


def decide(snapshot: Snapshot, settings: Settings, hints: Hints, now: float) -> Decision:
    return policy.decide(replace(snapshot, settings=settings), hints, now)


def booted(snapshot: Snapshot, settings: Settings, hints: Hints) -> list[str]:
    """Boot again and again, each attempt failing, until nothing more is tried."""
    tried, now = [], 100.0
    while True:
        decision = decide(snapshot, settings, hints, now)
        if decision.boot:
            tried.append(decision.boot)
            hints = replace(hints, failed=hints.failed | {decision.boot}, last_failure=now)
        elif decision.forget_failures or decision.again == math.inf:
            break
        else:
            now = max(decision.again, now + 0.1)
    return tried


def test_the_countdown_runs_from_the_first_candidate_and_ends_in_a_boot() -> None:
    before = decide(SEEN, QUICK, READY, 104.9)
    assert before.countdown is not None
    assert (before.countdown.choice, before.countdown.until, before.boot) == ("a", 105, "")
    assert decide(SEEN, QUICK, READY, 105).boot == "a"


def test_after_failures_the_same_disk_then_the_next_and_recovery_last_of_all() -> None:
    assert booted(SEEN, QUICK, READY) == ["a", "old", "b", "r"]


def test_nothing_boots_of_a_configuration_that_wants_another_disk_to_boot() -> None:
    away = replace(SEEN, choices=(replace(A, elsewhere=True), replace(OLD, elsewhere=True), B))
    assert booted(away, QUICK, READY) == ["b"]
    assert not booted(replace(away, choices=away.choices[:2]), QUICK, READY)


def test_what_wants_a_check_that_nobody_can_make_does_not_boot_by_itself() -> None:
    unchecked = replace(A, entry=replace(A.entry, unchecked="its signature is not checked"))
    assert booted(replace(SEEN, choices=(unchecked, B)), QUICK, READY) == ["b"]
    assert not booted(replace(SEEN, choices=(unchecked,)), QUICK, READY)
    assert unchecked.bootable  # a person may


def test_what_has_signatures_boots_by_itself_once_there_are_authorities() -> None:
    file = File(device="vda2", path="/vmlinuz")
    signed = replace(A, signatures=(Signature(file, file, "", ""),))
    seen = replace(SEEN, choices=(signed, B))
    assert booted(seen, QUICK, READY) == ["b"]
    assert booted(seen, replace(QUICK, ca=("/etc/ca.pem",)), READY) == ["a", "b"]


def test_what_has_signatures_of_openpgp_boots_by_itself_in_an_image_with_a_keyring() -> None:
    file = File(device="vda2", path="/vmlinuz")
    signed = replace(A, signatures=(Signature(file, file, "", "", "openpgp"),))
    seen = replace(SEEN, choices=(signed, B))
    assert booted(seen, replace(QUICK, ca=("/etc/ca.pem",)), READY) == ["b"]
    assert booted(replace(seen, keyring="/etc/keys"), QUICK, READY) == ["a", "b"]


def test_of_the_network_and_of_media_only_what_their_configuration_chose_boots() -> None:
    """The menu's next line may install a system over the one that is there."""
    net, disc = device("net0", kind=NETWORK), device("sr0", kind=OPTICAL)
    disc = replace(disc, volume=replace(disc.volume, fs="iso9660"))
    for medium in (net, disc):
        local = choice("local", device=medium.name, turn=0)
        back = choice("back", device=medium.name, turn=1)
        install = choice("install", device=medium.name)
        snapshot = replace(SEEN, sources=sources(medium), choices=(install, back, local))
        assert booted(snapshot, QUICK, READY) == ["local", "back"]
        assert not booted(replace(snapshot, choices=(install,)), QUICK, READY)


def test_what_a_script_on_a_disk_fetches_boots_only_if_it_is_chosen() -> None:
    remote = File(url="http://host/vmlinuz")
    fetched = (replace(A, kernel=remote), replace(OLD, kernel=remote), B)
    assert booted(replace(SEEN, choices=fetched), QUICK, READY) == ["a", "b"]


def test_of_two_formats_defaults_the_better_formats_is_tried_first_then_the_other() -> None:
    other = choice("other", turn=0, rank=1)
    back = choice("back", turn=1, rank=0)
    snapshot = replace(SEEN, choices=(OLD, other, back, A, B))
    assert booted(snapshot, QUICK, READY) == ["a", "back", "other", "old", "b"]


def test_a_kernel_that_no_configuration_offers_comes_after_everything_else() -> None:
    guess = choice("guess", entry=entry("guess", guess=True), turn=0)
    snapshot = replace(SEEN, choices=(guess, RECOVERY, B))
    assert booted(snapshot, QUICK, READY) == ["b", "r", "guess"]
    alone = replace(SEEN, choices=(guess,))
    assert booted(alone, QUICK, READY) == ["guess"]


def test_an_image_boots_by_itself_only_where_nothing_else_can() -> None:
    image = replace(choice("iso", turn=0, device="vda2:/a.iso"), timeout=3)
    with_it = (*SEEN.sources, *sources(device("vda2:/a.iso", kind=IMAGE)))
    snapshot = replace(SEEN, sources=with_it, choices=(image, B))
    assert booted(snapshot, QUICK, READY) == ["b"]
    assert decide(snapshot, Settings(), READY, 100).default == "b"
    for others in (), (replace(B, waits_for="UUID=1"),):
        alone = replace(snapshot, choices=(*others, image))
        assert booted(alone, QUICK, READY) == ["iso"]


def test_images_that_are_still_being_scanned_hold_nothing_up() -> None:
    image = sources(device("vda2:/a.iso", kind=IMAGE), state="scanning")
    busy = replace(SEEN, sources=(*SEEN.sources, *image))
    assert decide(busy, QUICK, READY, 106).boot == "a"


def test_when_all_have_failed_all_are_tried_again() -> None:
    hints = replace(READY, failed=frozenset({"a", "b", "old", "r"}), last_failure=200)
    before = decide(SEEN, QUICK, hints, 200 + policy.RETRY - 1)
    assert not before.forget_failures
    assert before.countdown == Countdown(choice="a", until=200 + policy.RETRY)
    assert decide(SEEN, QUICK, hints, 200 + policy.RETRY).forget_failures


def test_a_person_stops_the_countdown_until_long_gone() -> None:
    here = replace(READY, last_key=103)
    assert decide(SEEN, QUICK, here, 1000 - 400).countdown is None
    gone = decide(SEEN, QUICK, here, 103 + QUICK.resume)
    assert gone.countdown is not None
    assert gone.countdown.until == 103 + QUICK.resume + 5


ALL = frozenset({"a", "b", "old", "r"})
EXHAUSTED = replace(READY, failed=ALL, last_failure=200.0)


def test_each_round_of_failures_is_followed_by_a_longer_pause_up_to_a_limit() -> None:
    pauses = []
    for rounds in (0, 1, 2, 3, 4, 5, 1023, 1024, 10**6):
        decision = decide(SEEN, QUICK, replace(EXHAUSTED, rounds=rounds), 200)
        pauses.append(decision.again - 200)
        assert decision.exhausted
    assert pauses == [60, 120, 240, 480, *[960] * 5]  # the last ones after days, after years


@pytest.mark.parametrize(("wish", "leave"), [("reboot", "reboot"), ("poweroff", "halt")])
def test_after_three_rounds_the_machine_does_what_the_setting_says(wish: Any, leave: str) -> None:
    settings = replace(QUICK, on_failure=wish)
    for rounds in range(policy.ROUNDS - 1):
        late = decide(SEEN, settings, replace(EXHAUSTED, rounds=rounds), 2000)
        assert (late.forget_failures, late.leave) == (True, "")
    last = replace(EXHAUSTED, rounds=policy.ROUNDS - 1)
    before, after = (decide(SEEN, settings, last, now) for now in (259, 260))
    assert before.countdown == Countdown(choice="a", until=260, leave=leave)  # type: ignore[arg-type]
    assert (before.leave, after.leave) == ("", leave)
    assert decide(SEEN, settings, replace(last, last_key=230), 260).leave == ""


def test_after_three_rounds_the_menu_waits_for_a_person_if_the_setting_says_so() -> None:
    settings, last = replace(QUICK, on_failure="menu"), replace(EXHAUSTED, rounds=2)
    decision = decide(SEEN, settings, last, 1e6)
    assert decision == Decision(default="a", exhausted=True)
    assert decide(SEEN, settings, replace(last, last_key=300), 600).forget_failures


def test_a_machine_with_nothing_to_boot_restarts_after_a_while_if_the_setting_says_so() -> None:
    for choices in (), (replace(A, waits_for="UUID=1"),):
        nothing, settings = replace(SEEN, choices=choices), replace(QUICK, on_failure="reboot")
        hints = Hints(empty=100)
        assert decide(nothing, QUICK, hints, 1e6) == Decision()
        end = 100 + policy.EMPTY
        assert decide(nothing, settings, hints, 101).countdown == Countdown(
            choice="", until=end, leave="reboot"
        )
        assert decide(nothing, settings, hints, end).leave == "reboot"
        assert decide(nothing, settings, replace(hints, last_key=end), end + 1).leave == ""
        assert decide(nothing, replace(settings, timeout=math.inf), hints, 1e6) == Decision()


def test_after_a_person_has_gone_a_failure_of_before_leaves_time_to_stop_the_next_boot() -> None:
    hints = replace(READY, failed=frozenset({"a"}), last_failure=110, last_key=150)
    decision = decide(SEEN, replace(QUICK, timeout=0), hints, 450)
    assert decision.countdown == Countdown(choice="old", until=450 + policy.LEAST)


def test_the_time_until_a_countdown_begins_anew_is_a_setting() -> None:
    hints = replace(READY, last_key=150)
    assert decide(SEEN, replace(QUICK, resume=20), hints, 170).countdown is not None
    assert decide(SEEN, replace(QUICK, resume=math.inf), hints, 1e9).countdown is None


def test_never_waits_for_ever_and_so_does_a_configuration_that_says_so() -> None:
    for_ever = Snapshot(settled=True, choices=(replace(A, timeout=math.inf),))
    for snapshot, settings in (SEEN, Settings(timeout=math.inf)), (for_ever, Settings()):
        decision = decide(snapshot, settings, READY, 1e9)
        assert (decision.default, decision.countdown, decision.boot) == ("a", None, "")


def test_a_configurations_zero_leaves_time_to_stop_it_but_the_users_zero_does_not() -> None:
    zero = Snapshot(settled=True, choices=(replace(A, timeout=0),))
    assert decide(zero, Settings(), READY, 100).boot == ""
    assert decide(zero, Settings(timeout=0), READY, 100).boot == "a"


def test_a_default_of_a_device_that_came_late_can_still_be_stopped() -> None:
    late = replace(READY, moved=104.5)
    before = decide(SEEN, QUICK, late, 105)
    assert before.countdown is not None
    assert (before.countdown.until, before.again, before.boot) == (107.5, 107.5, "")
    assert decide(SEEN, QUICK, late, 107.5).boot == "a"
    assert decide(SEEN, QUICK, replace(READY, moved=101), 105).boot == "a"
    assert decide(SEEN, Settings(timeout=0), late, 104.5).boot == "a"  # nobody is to stop it


def test_a_busy_device_is_waited_for_but_not_for_ever() -> None:
    busy = replace(SEEN, sources=sources(device("sda1"), state="scanning"))
    before, after = (decide(busy, QUICK, READY, now) for now in (104, 106))
    assert before.countdown is not None
    assert after.countdown is not None
    assert (before.countdown.waiting, after.countdown.waiting, after.boot) == (False, True, "")
    assert decide(busy, QUICK, READY, 105 + policy.PATIENCE).boot == "a"
    unsettled = replace(SEEN, settled=False)
    assert decide(unsettled, QUICK, READY, 106).boot == ""
    assert decide(unsettled, QUICK, READY, 105 + policy.PATIENCE).boot == "a"


def test_a_disk_that_is_scanned_again_is_waited_for_whatever_has_failed() -> None:
    again = replace(SEEN, sources=(replace(SEEN.sources[0], state="scanning"), SEEN.sources[1]))
    hints = replace(READY, failed=frozenset({"b"}), last_failure=100)
    assert decide(again, QUICK, hints, 110).boot == ""
    assert decide(again, QUICK, hints, 103 + policy.PATIENCE).boot == "a"
    late = replace(READY, last_look=200)
    assert decide(again, QUICK, late, 210).boot == ""
    assert decide(again, QUICK, late, 200 + policy.PATIENCE).boot == "a"
    assert decide(SEEN, QUICK, late, 201).boot == "a"


def test_what_waits_for_a_device_is_no_candidate() -> None:
    waiting = Snapshot(choices=(choice("w", waits_for="UUID=1", turn=0),))
    assert decide(waiting, QUICK, READY, 1e9) == Decision()


SHUT = choice("shut", turn=0, entry=entry("shut", users=("root",)))


def test_a_default_that_wants_a_password_waits_for_a_person() -> None:
    snapshot = replace(SEEN, choices=(SHUT, OLD, B))
    decision = decide(snapshot, QUICK, READY, 1000)
    assert (decision.default, decision.countdown, decision.boot) == ("shut", None, "")


def test_a_locked_entry_that_is_no_default_strands_no_machine_whose_default_is_not_there() -> None:
    """Were the default there, it would boot, or fail and be followed by what is not locked."""
    shut = replace(SHUT, turn=ORDINARY)
    absent = choice("absent", turn=0, waits_for="UUID=1")
    snapshot = replace(SEEN, choices=(absent, shut, OLD, B))
    assert booted(snapshot, QUICK, READY) == ["old", "b"]
    alone = decide(replace(SEEN, choices=(absent, shut)), QUICK, READY, 1000)
    assert (alone.default, alone.locked, alone.boot) == ("shut", True, "")


def test_unless_the_machines_owner_has_said_otherwise() -> None:
    snapshot = replace(SEEN, choices=(SHUT, OLD, B))
    owner = replace(QUICK, boot_restricted=True)
    assert booted(snapshot, owner, READY) == ["shut", "old", "b"]


def test_what_wants_a_password_is_passed_over_when_the_default_fails() -> None:
    closed = choice("closed", turn=1, entry=entry("closed", users=("root",)))
    assert booted(replace(SEEN, choices=(A, closed, B)), QUICK, READY) == ["a", "b"]


# A locked disk: its grub.cfg lets anybody boot the default, and nothing else.
ROOT = Password(user="root", secret="r")
FREE = choice("free", "vdb1", turn=0, superusers=("root",), passwords=(ROOT,))
CLOSED = replace(FREE, id="closed", entry=entry("closed", users=("root",)))
LOCKED = replace(
    SEEN,
    sources=sources(device("vdb1"), device("vda2")),
    choices=(FREE, A, OLD),
    guards=guards(FREE),
)


def test_after_a_locked_disk_its_unrestricted_default_boots_and_nothing_else_does() -> None:
    """A disk that would follow after a failure stays shut."""
    assert booted(LOCKED, QUICK, READY) == ["free"]
    assert booted(LOCKED, replace(QUICK, boot_restricted=True), READY) == ["free", "a", "old"]
    assert booted(LOCKED, replace(QUICK, lock="own"), READY) == ["free", "a", "old"]


LATER = replace(LOCKED, sources=SEEN.sources, choices=(A, OLD, FREE))


def test_a_lock_that_comes_later_in_the_menu_does_not_take_the_boot_over() -> None:
    """A used disk, or a file that a user has put on a partition for data, may have one."""
    assert booted(LATER, QUICK, READY) == ["a", "old", "free"]
    shut = replace(LATER, choices=(A, OLD, CLOSED))
    assert booted(shut, QUICK, READY) == ["a", "old"]
    left_over = replace(FREE, id="left over", device="vda2")
    assert booted(replace(LATER, choices=(A, left_over), guards=guards(left_over)), QUICK, READY)
    stick = replace(A, id="stick", own=False)
    assert booted(replace(LATER, choices=(stick, FREE)), QUICK, READY) == ["free"]


def test_a_lock_without_entries_has_the_place_of_its_disk() -> None:
    assert booted(replace(LATER, choices=(A, OLD)), QUICK, READY) == ["a", "old"]
    assert booted(replace(LOCKED, choices=(A, OLD)), QUICK, READY) == []
    early = replace(LATER, choices=(A, OLD), guards=guards(replace(FREE, device="vda2")))
    assert booted(early, QUICK, READY) == []


def test_a_locked_disks_restricted_default_waits_for_a_person() -> None:
    closed = replace(LOCKED, choices=(CLOSED, replace(FREE, turn=9), A), guards=guards(CLOSED))
    decision = decide(closed, QUICK, READY, 1000)
    assert (decision.default, decision.locked, decision.boot) == ("closed", True, "")


@pytest.mark.parametrize(
    "wish", [{"next": "closed"}, {"entry": "closed"}, {"order": parse("closed,any")}]
)
def test_a_wish_for_what_its_configuration_locks_strands_no_machine(wish: Any) -> None:
    settings = replace(QUICK, **wish)
    snapshot = replace(LOCKED, choices=(FREE, CLOSED, A))
    assert booted(snapshot, settings, READY) == ["free"]
    wished = replace(snapshot, settings=settings)
    assert candidates.list_passed_over(wished, FREE) == [CLOSED]
    assert candidates.explain_pass(wished, CLOSED) == "it is for root, with a password"
    restricted = replace(settings, boot_restricted=True)
    assert booted(snapshot, restricted, READY)[0] == "closed"
    # An owner who wants a person at every boot is not got round by a wish for that very entry.
    shut = replace(snapshot, choices=(CLOSED, replace(FREE, turn=9), A))
    assert decide(shut, settings, READY, 1000).locked


def test_an_order_of_nothing_but_a_locked_entry_waits_for_a_person() -> None:
    snapshot = replace(LOCKED, choices=(FREE, CLOSED))
    decision = decide(snapshot, replace(QUICK, order=parse("closed")), READY, 1000)
    assert (decision.default, decision.locked) == ("closed", True)


def test_a_wish_for_what_another_configuration_locks_is_named_when_something_else_boots() -> None:
    wished = replace(LOCKED, settings=replace(QUICK, entry="a"))
    assert booted(LOCKED, wished.settings, READY) == ["free"]
    assert candidates.list_passed_over(wished, FREE) == [A]
    assert candidates.explain_pass(wished, A) == "it is for root, with a password"


def test_where_everything_wants_a_password_the_first_default_is_marked_and_waits() -> None:
    covered = replace(LOCKED, choices=(A, OLD))
    decision = decide(covered, QUICK, READY, 1000)
    assert (decision.default, decision.locked, decision.countdown) == ("a", True, None)


def test_a_sticks_superusers_keep_no_disks_default_from_booting() -> None:
    ((_, guard),) = guards(FREE)
    assert booted(replace(SEEN, guards=(("shell", guard),)), QUICK, READY)[0] == "a"


def test_a_stick_does_not_boot_before_every_disk_has_been_read_but_a_disk_does() -> None:
    """The disk may have a lock. If it cannot be read, the machine is not stranded."""
    stick = choice("stick", "sda1", turn=0, own=False)
    for mine, boots in (stick, ""), (A, "a"):
        busy = replace(SEEN, choices=(mine,), unread=sources(device("vdb1"), state="scanning"))
        for settings in QUICK, replace(QUICK, boot_restricted=True):
            decision = decide(busy, settings, READY, 500)
            assert decision.boot == boots
            assert bool(decision.countdown and decision.countdown.waiting) == (not boots)
        dead = replace(busy, unread=(replace(busy.unread[0], state="failed"),))
        assert decide(dead, QUICK, READY, 1000).boot == mine.id


def test_a_disk_that_comes_and_goes_for_ever_does_not_keep_a_stick_from_booting() -> None:
    """Each time it is a new disk, whose first scan has not ended."""
    stick = choice("stick", "sda1", turn=0, own=False)
    flapping = replace(SEEN, choices=(stick,), unread=sources(device("vdb1"), state="scanning"))
    assert booted(flapping, QUICK, READY) == ["stick"]


def test_beyond_a_device_is_nothing_that_needs_a_password() -> None:
    assert candidates.find_next(LOCKED, "vda2") == FREE
    assert candidates.find_next(LOCKED, "vdb1") is None


def test_what_starts_no_kernel_never_happens_by_itself() -> None:
    off = choice("off", turn=0, entry=entry("off", action="halt", unbootable="off"))
    assert booted(replace(SEEN, choices=(off, OLD)), QUICK, READY) == ["old"]
    assert not booted(replace(SEEN, choices=(off,)), QUICK, READY)


def test_beyond_a_device_is_the_next_ones_default() -> None:
    snapshot = replace(SEEN, choices=(RECOVERY, OLD, A, B))
    assert candidates.find_next(snapshot, "vda2") == B
    assert candidates.find_next(snapshot, "vdb1") == A
    assert candidates.find_next(replace(snapshot, choices=(A, SHUT)), "vda2") is None


def test_a_boot_that_ended_an_earlier_program_comes_after_all_others() -> None:
    fatal = replace(READY, fatal={"a"})
    assert decide(SEEN, QUICK, fatal, 105).default == "old"
    assert booted(SEEN, QUICK, fatal) == ["old", "b", "r", "a"]
    assert booted(replace(SEEN, choices=(A,)), QUICK, fatal) == ["a"]


def test_a_configurations_total_time_runs_on_after_a_key() -> None:
    total = replace(A, timeout=5, total=60)
    snapshot = replace(SEEN, choices=(total, B))
    alone = decide(snapshot, Settings(), READY, 101)
    assert alone.countdown == Countdown(choice="a", until=105)
    here = replace(READY, last_key=103)
    stopped = decide(snapshot, Settings(), here, 120)
    assert stopped.countdown == Countdown(choice="a", until=160, fixed=True)
    assert stopped.again == 160
    assert decide(snapshot, Settings(), here, 160).boot == "a"
    waits = replace(snapshot, choices=(replace(total, timeout=math.inf), B))
    assert decide(waits, Settings(), READY, 159).countdown == stopped.countdown
    assert decide(waits, Settings(), READY, 160).boot == "a"


def test_while_the_host_wants_it_so_nothing_boots_by_itself() -> None:
    held = replace(SEEN, hold="the service processor asks for the menu (setup)")
    always = Settings(timeout=0, on_failure="reboot")
    for snapshot in (held, replace(held, choices=(replace(A, total=5), B))):
        assert decide(snapshot, always, READY, 1e6) == Decision(default="a")
    assert decide(replace(held, choices=()), always, Hints(empty=0), 1e6) == Decision()
    failed = replace(READY, failed=frozenset({"a"}), last_failure=100)
    assert decide(held, always, failed, 1e6) == Decision(default="old")


def test_the_wish_for_a_menu_outranks_every_other_time_out() -> None:
    snapshot = replace(SEEN, choices=(replace(A, timeout=0, total=5), B))
    for seconds in (5.0, 0.0, None):
        once = Settings(timeout=seconds, menu=60)
        assert decide(snapshot, once, READY, 159).boot == ""
        assert decide(snapshot, once, READY, 160).boot == "a"
    waits = decide(snapshot, Settings(timeout=5, menu=math.inf), READY, 1e6)
    assert (waits.boot, waits.countdown, waits.again) == ("", None, math.inf)
    empty = Settings(on_failure="reboot", menu=math.inf)
    assert decide(replace(SEEN, choices=()), empty, Hints(empty=0), 1e6).leave == ""


def test_a_setting_of_the_time_out_and_a_failure_end_a_configurations_total_time() -> None:
    snapshot = replace(SEEN, choices=(replace(A, total=60), B))
    here = replace(READY, last_key=103)
    assert decide(snapshot, QUICK, here, 160).boot == ""
    failed = replace(here, failed=frozenset({"b"}), last_failure=104)
    assert decide(snapshot, Settings(), failed, 160).boot == ""
