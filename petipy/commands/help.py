"""`petipy help settings`: every setting, its help and where it may be set."""

import argparse
from collections.abc import Iterator

from petipy.commands.base import BadUsage, Command
from petipy.report.printing import write
from petipy.settings.table import SETTINGS, Setting


def _answer(options: argparse.Namespace) -> int:
    shown = [setting for setting in SETTINGS if setting.is_listed()]
    names = [name.removeprefix("petipy.") for name in options.names]
    if unknown := [name for name in names if name not in {setting.name for setting in shown}]:
        raise BadUsage(f"there is no setting {unknown[0]}")
    shown = [setting for setting in shown if setting.name in names or not names]
    write("\n".join(line for setting in shown for line in _describe(setting)) + "\n")
    return 0


def _describe(setting: Setting) -> Iterator[str]:
    yield setting.usage
    yield f"    {setting.help}"
    default = setting.type.write(setting.default) or "none"
    places = ", ".join(setting.layers)
    when = "" if setting.live else "; it counts at the start"
    yield f"    default: {default}; from: {places}{when}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("petipy help", description="Describe the settings.")
    parser.add_argument("topic", choices=("settings",))
    parser.add_argument("names", nargs="*", metavar="NAME", help="of settings; all without one")
    return parser


COMMAND = Command(
    name="help",
    usage="settings [NAME...]",
    help="the settings, what they do and where they may be set",
    parser=_parser,
    answer=_answer,
    parses=False,
)
