"""The states of sources, in words."""

from collections.abc import Mapping

from petipy.state.model import State
from petipy.ui.translator import mark

STATES: Mapping[State, str] = {
    "waiting": mark("waiting"),
    "locked": mark("locked"),
    "scanning": mark("scanning"),
    "ready": mark("ready"),
    "failed": mark("failed"),
}
