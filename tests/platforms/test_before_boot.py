"""The platform prepares the machine for the jump into another kernel, and for nothing else."""

import errno

import pytest

from petipy.log import Log
from petipy.state.settings import Settings
from tests.samples import entry, scan
from tests.test_app import NEVER, Machine, chooses, machine, off

__all__ = ["machine"]  # the fixture


class Prepared(Machine):
    """A machine that notes when it is prepared, or fails to be."""

    prepared = 0
    error = 0

    def before_boot(self) -> None:
        assert not self.loaded
        self.prepared += 1
        if self.error:
            raise OSError(self.error, "Input/output error")


@pytest.fixture
def prepared(machine: Machine) -> Prepared:
    return Prepared(machine.tree, machine.terminal, {})


def test_a_machine_is_prepared_before_the_jump(prepared: Prepared) -> None:
    prepared.scans["vda2"] = scan(entry("a", "/bad", default=True), entry("b", "/good"))
    prepared.run(Settings(timeout=0))
    assert prepared.prepared == 1


def test_a_preparation_that_fails_stops_no_boot(prepared: Prepared) -> None:
    prepared.error = errno.EIO
    prepared.scans["vda2"] = scan(entry("a", "/good", cmdline="A", default=True))
    log: Log = prepared.run(Settings(timeout=0))
    assert prepared.loaded == "A"
    assert "before the jump: Input/output error" in [line.text for line in log.lines]


def test_a_machine_that_is_switched_off_is_not_prepared(prepared: Prepared) -> None:
    prepared.scans["vda2"] = scan(off("halt"), entry("a", "/good"))
    prepared.run(NEVER, chooses("off"))
    assert (prepared.loaded, prepared.prepared) == ("halt", 0)
