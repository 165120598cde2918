import pkgutil

import pytest

from petipy.kexec import machines


def test_every_file_is_an_architecture_and_is_found_by_unames_name() -> None:
    for module in pkgutil.iter_modules(machines.__path__):
        found = machines.find(module.name)
        assert found is not None
        assert 0 < found.kexec_load < found.kexec_file_load


@pytest.mark.parametrize("name", ["vax", "", "no.such", "../x86_64"])
def test_an_architecture_without_a_file_is_none(name: str) -> None:
    assert machines.find(name) is None
