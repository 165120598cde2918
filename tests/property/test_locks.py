"""Statements about the locks of any machine, whatever its disks and sticks say."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.api import Password
from petipy.state import access, policy
from petipy.state.access import Locks
from petipy.state.guards import Guard, Reach
from petipy.state.model import Choice, Kind, Snapshot, Source
from petipy.state.policy import Hints
from petipy.state.settings import Settings
from tests.samples import choice, device, entry

OWNER, EVE = Password(user="root", secret="r"), Password(user="eve", secret="e")
_REACHES: tuple[Reach, ...] = "machine", "shell", "itself"
REACHES = st.sampled_from(_REACHES)
KINDS = REACHES.map(lambda reach: Kind(name="any", rank=0, reach=reach))
SETTINGS = st.builds(
    Settings,
    lock=st.sampled_from(("machine", "own")),
    password=st.sampled_from(("", "", "", "$6$a$b")),
    machine_password=st.sampled_from(("", "", "$6$c$d")),
    shell=st.sampled_from(("scanned", "scanned", "unscanned")),
    boot_restricted=st.booleans(),
    timeout=st.just(0.0),
)


UNREAD = st.builds(
    lambda state, kind: replace(
        Source.of(device("a", kind=kind), "scanning" if state == "scanning" else "failed", "?"),
        given_up=state == "given up",
    ),
    st.sampled_from(("scanning", "failed", "given up", "given up", "given up")),
    KINDS,
)


@st.composite
def guards(draw: st.DrawFn) -> tuple[Reach, Guard]:
    """Return a guard. The machine's own are the owner's, any other is a stranger's."""
    reach = draw(REACHES)
    key = OWNER if reach == "machine" else EVE
    keys = draw(st.sampled_from(((key,), ())))
    guard = Guard(device="d", config="/c", superusers=(key.user,), passwords=keys)
    return reach, guard


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    own, superusers = draw(st.booleans()), draw(st.booleans())
    key = OWNER if own else EVE
    users = draw(st.sampled_from((None, (), (key.user,))))
    return choice(
        draw(st.sampled_from("xyz")),
        entry=entry("t", users=users, guess=draw(st.booleans())),
        own=own,
        turn=draw(st.sampled_from((0, 1, 1000))),
        superusers=(key.user,) if superusers else None,
        passwords=(key,),
        guarded=superusers and draw(st.booleans()),
        base=draw(st.sampled_from(("", "", "x"))),
    )


SNAPSHOTS = st.builds(
    Snapshot,
    settings=SETTINGS,
    settled=st.sampled_from((True, True, True, False)),
    guards=st.lists(guards(), max_size=2).map(tuple),
    unread=st.lists(UNREAD, max_size=2).map(tuple),
    choices=st.lists(choices(), max_size=4, unique_by=lambda c: c.id).map(tuple),
)


def opens(locks: Locks, *keys: Password) -> bool:
    return all(lock.is_open(keys) for lock in locks)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_a_shell_without_a_password_means_that_nothing_can_have_a_lock(snapshot: Snapshot) -> None:
    if not access.find_shell_locks(snapshot):
        relevant = [source for source in snapshot.unread if source.kind.reach != "itself"]
        assert snapshot.settled
        assert not snapshot.settings.password
        assert not [guard for reach, guard in snapshot.guards if reach != "itself"]
        assert snapshot.settings.shell == "unscanned" or not relevant
        assert all(source.given_up for source in relevant)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_a_sticks_password_opens_nothing_that_is_open_to_nobody_without_it(
    snapshot: Snapshot,
) -> None:
    """Take the stick away: what its password opens must then be open to everybody."""
    kept = tuple((reach, guard) for reach, guard in snapshot.guards if reach == "machine")
    without = replace(snapshot, guards=kept)
    if opens(access.find_shell_locks(snapshot), EVE):
        assert not access.find_shell_locks(without)
    for mine in (c for c in snapshot.choices if c.own):
        for find in access.find_boot_locks, access.find_edit_locks:
            if opens(find(mine, snapshot), EVE):
                assert not find(mine, without)
    for theirs in (c for c in snapshot.choices if not c.own):
        plain = replace(theirs, entry=entry("t"), superusers=None, guarded=False)
        if opens(access.find_boot_locks(theirs, snapshot), EVE):
            assert not access.find_boot_locks(plain, without)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_a_stick_shuts_no_entry_of_a_disk(snapshot: Snapshot) -> None:
    kept = tuple((reach, guard) for reach, guard in snapshot.guards if reach == "machine")
    without = replace(snapshot, guards=kept)
    for mine in (c for c in snapshot.choices if c.own and not c.base):
        assert access.find_boot_locks(mine, snapshot) == access.find_boot_locks(mine, without)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_who_may_change_an_entry_may_open_a_shell(snapshot: Snapshot) -> None:
    for found in snapshot.choices:
        for keys in (), (OWNER,), (EVE,), (OWNER, EVE):
            if opens(access.find_edit_locks(found, snapshot), *keys):
                assert opens(access.find_shell_locks(snapshot), *keys)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_a_change_that_a_setting_keeps_needs_all_that_it_takes_to_make_it(
    snapshot: Snapshot,
) -> None:
    for found in (c for c in snapshot.choices if c.base):
        for keys in (), (OWNER,), (EVE,), (OWNER, EVE):
            if opens(access.find_boot_locks(found, snapshot), *keys):
                base = replace(found, base="")
                assert opens(access.find_edit_locks(base, snapshot), *keys)
                assert opens(access.find_boot_locks(base, snapshot), *keys)
    for now in 1000, 1e6:
        boots = snapshot.choice(policy.decide(snapshot, Hints(since=0), now).boot)
        if boots and boots.base:  # whatever boot_restricted says
            assert not access.find_boot_locks(boots, snapshot)


@settings(max_examples=400)
@given(SNAPSHOTS)
def test_nothing_boots_by_itself_that_a_person_needs_a_password_for(snapshot: Snapshot) -> None:
    decision = policy.decide(snapshot, Hints(since=0), 500)  # the patience with a disk is 620 s
    if decision.boot and not snapshot.settings.boot_restricted:
        found = snapshot.choice(decision.boot)
        assert found
        locks = access.find_boot_locks(found, snapshot)
        assert all(lock.waits for lock in locks)
        assert not locks or found.own
