"""Whatever a machine keeps as settings, the program starts and decides."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.settings import petitboot, storage
from petipy.settings.storage import Statement, Storage
from petipy.settings.table import SETTINGS
from petipy.state import candidates, flapping, own
from petipy.state.model import Snapshot
from petipy.state.record import Record
from tests.samples import choice, device, sources

NAMES = st.sampled_from([setting.name for setting in SETTINGS])
THEIRS = st.sampled_from(
    [
        *("auto-boot?", "petitboot,timeout", "petitboot,bootdevs", "petitboot,network"),
        *("petitboot,password", "petitboot,console", "petitboot,http_proxy", "petitboot,x"),
    ]
)
PIECES = st.sampled_from(
    [
        *("1", "9" * 400, "-1", "nan", "inf", "never", "1e5", "²", "0x"),  # numbers
        *("network", "any", "UUID=", "uuid:", "mac:", "52:54:00:12:34:56", "/", "30s"),
        *(
            "ip=",
            "bond=",
            "vlan=",
            "dhcp",
            "static",
            "eth0",
            "::1",
            "http://",
            "https://[",
            "[",
            "]",
        ),
        *("own#", "debian-", "1.2.3", "kernel=", "initrd=", "cmdline=", "%0", "%00", "%0a", "|"),
        *(",", ":", ";", "@", "*", ">", "(", ")", "=", " ", "\\,", '"', "\x1b[2J", "\udcff"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join)
BOOTS = st.tuples(st.integers(), st.integers(0, 10**400)).map(lambda n: f"{n[0]:x}@{n[1]}")
STATEMENTS = st.builds(Statement, NAMES, TEXTS)
WISHES = st.sampled_from(["entry", "next", "order", "boots", "flap", "own1", "own2", "interfaces"])
SOURCES = sources(device("vda2", uuid="A"), device("vdb1"))
CHOICES = choice("A:/grub.cfg#debian", turn=0), choice("own#B", "vdb1")


class Kept(Storage):
    def __init__(self, *statements: Statement) -> None:
        self.statements = statements

    def read(self) -> tuple[Statement, ...]:
        return self.statements


class Outcomes:
    """The outcomes of a program that has booted nothing."""

    failed: frozenset[str] = frozenset()
    last_failure = last_look = -math.inf

    def __init__(self, fatal: set[str]) -> None:
        self.fatal = fatal


@settings(max_examples=300, deadline=None)
@given(
    st.lists(STATEMENTS | st.builds(Statement, WISHES, TEXTS), max_size=6),
    st.lists(st.tuples(st.just("NVRAM"), THEIRS, TEXTS), max_size=3),
    st.lists(BOOTS, max_size=3).map(",".join),
    st.booleans(),
)
def test_any_settings_of_a_machine_lead_to_a_decision(
    kept: list[Statement], theirs: list[tuple[str, str, str]], boots: str, settled: bool
) -> None:
    """A fault here would end the program at each start."""
    counted = [Statement("flap", "3:600s"), Statement("boots", boots)]
    read = storage.load("", "/nonexistent", Kept(*petitboot.translate(theirs), *counted, *kept))
    choices = own.add(CHOICES, read, SOURCES)
    machine = Snapshot(settings=read, sources=SOURCES, choices=choices, settled=settled)
    fatal = flapping.find(read.boots, read.flap, 1.8e9, [c.id for c in choices])
    decision = Record().decide(machine, Outcomes(fatal), 100.0)
    assert not decision.boot or machine.choice(decision.boot)
    for words in (*candidates.explain_order(machine), *own.list_absent(read, choices)):
        assert words.startswith(("petipy.", "the host"))
    for setting in SETTINGS:
        assert isinstance(setting.show(read), str)
