"""The kernel under Petipy: its version, its command line without secrets, its clock."""

import os
import time
from collections.abc import Iterator

from parsers.places.urls import hide_credentials
from petipy.inventory.files import read_text
from petipy.machinefile.words import SECRET_NAME
from petipy.settings.table import BY_NAME
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot

_PREFIX = "petipy."
_HIDDEN = "(secret)"


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    known = os.uname()
    yield "Version", f"{known.sysname} {known.release}, {known.machine}"
    yield "Built", known.version
    cmdline = read_text(f"{root}/proc/cmdline")
    yield "Command line", " ".join(map(_hide_secret, cmdline.split())) or "(empty)"
    uptime = read_text(f"{root}/proc/uptime").partition(".")[0]
    yield "Running for", f"{uptime} s"
    yield "Clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


def _hide_secret(word: str) -> str:
    """Return a word of a command line; of one that may be a secret only its name."""
    name, equals, value = word.partition("=")
    setting = BY_NAME.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
    secret = setting.type.secret if setting else SECRET_NAME.search(name)
    return f"{name}={_HIDDEN}" if equals and value and secret else hide_credentials(word)
