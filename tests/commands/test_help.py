"""`petipy help settings` prints the table of settings."""

import pytest

from petipy.commands.help import COMMAND
from petipy.settings.table import SETTINGS


def test_one_setting_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMAND(["settings", "petipy.network"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "petipy.network[=0|1]",
        "    configure network cards and ask what to boot; with 0 they stay down",
        "    default: 1; from: image, machine, command line; it counts at the start",
    ]


def test_all_settings_are_described_but_internal_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMAND(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    usages = [setting.usage for setting in SETTINGS if setting.is_listed()]
    assert [line for line in lines if not line.startswith(" ")] == usages


def test_an_unknown_setting_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMAND(["settings", "colour"]) == 2
    assert "there is no setting colour" in capsys.readouterr().err
