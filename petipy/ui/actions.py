"""The actions that keys start on every screen, besides the screens that keys open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from petipy.control.commands import Command
from petipy.ui.kit.keys import BACK, Key


class Actor(Protocol):
    """The part of the view that actions use."""

    def back(self) -> None: ...
    def rescan(self) -> None: ...
    def leave_for_shell(self) -> None: ...
    def detach(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action. `needs` is the command whose right it needs; `title` names it in the prompt."""

    key: Key
    act: Callable[[Actor], None]
    title: str = ""
    needs: Command | None = None


ACTIONS = (
    Action(key=BACK, act=lambda view: view.back()),
    Action(
        title="A rescan",
        key=Key(("r",), "look again at every device", "{} rescan", in_submenus=False),
        act=lambda view: view.rescan(),
        needs="rescan",
    ),
    Action(
        title="A shell",
        key=Key(
            ("x",),
            'a shell on this console; "exit" comes back to the menu',
            "{} shell",
            aliases=("c", "ctrl c", "ctrl r", "f2"),
        ),
        act=lambda view: view.leave_for_shell(),
        needs="shell",
    ),
    Action(
        key=Key(("ctrl d",), "leave a menu that ssh or `petipy attach` has opened"),
        act=lambda view: view.detach(),
    ),
)
