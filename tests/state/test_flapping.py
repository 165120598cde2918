"""Boots that come back are counted over starts."""

import pytest

from petipy.state import flapping

NOW = 1_800_000_000.0
RULE = (3, 600.0)


def booted(*ages: float, id: str = "a") -> tuple[flapping.Boot, ...]:
    boots: tuple[flapping.Boot, ...] = ()
    for age in ages:
        boots = flapping.add(boots, id, NOW - age)
    return boots


@pytest.mark.parametrize(
    ("boots", "found"),
    [
        (booted(), set()),
        (booted(200, 100), set()),
        (booted(300, 200, 100), {"a"}),
        (booted(700, 200, 100), set()),
        (booted(300, 200, 100, id="b"), {"b"}),
        ((*booted(500, 400, 300), *booted(100, id="b")), {"a"}),
        (booted(300, 200, -100), set()),  # of a clock that has been set back since
    ],
)
def test_an_entry_has_had_its_turn_after_so_many_boots_within_the_time(
    boots: tuple[flapping.Boot, ...], found: set[str]
) -> None:
    assert flapping.find(boots, RULE, NOW, ("a", "b", "c")) == found


def test_without_a_rule_or_a_clock_nothing_is_found() -> None:
    boots = booted(300, 200, 100)
    assert flapping.find(boots, None, NOW, ("a",)) == set()
    assert flapping.find(((boots[0][0], 5),) * 3, RULE, 10, ("a",)) == set()


def test_the_boots_of_a_machine_fit_into_a_setting_of_slofs() -> None:
    boots = booted(*range(900, 0, -50))
    text = flapping.write_boots(boots)
    assert flapping.read_boots(text) == boots
    assert len(boots) == flapping.MOST
    assert len(f"petipy,boots={text}") < 256


@pytest.mark.parametrize(
    "text", ["1", "1@", "@1", "-1@5", "1@-5", "x@5", f"1@{10**11}", "123456789@5", "1@5,", "1@²"]
)
def test_boots_that_nobody_has_written_are_refused(text: str) -> None:
    """No arithmetic of theirs may end the program at each start."""
    if text == "1@5,":
        assert flapping.read_boots(text) == ((1, 5),)
        return
    with pytest.raises(ValueError, match=r".*"):
        flapping.read_boots(text)


@pytest.mark.parametrize(
    "text", ["3", "1:600s", "3:0s", "3:nan", "9:600s", "x:600s", "3:1e9", "-3:5"]
)
def test_a_strange_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        flapping.read_rule(text)
