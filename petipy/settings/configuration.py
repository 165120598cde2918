"""The configuration of a machine while it runs: change a setting for now, or for good."""

import errno
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from petipy.settings import storage
from petipy.settings.storage import Statement, Storage
from petipy.settings.table import BY_NAME, Setting
from petipy.state.settings import Settings

_NO_STORAGE = "this machine keeps no settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a change.

    - `place`: where the machine keeps it, for people; "" if it does not.
    - `counts`: the value is in effect now. Others count at the next start.
    - `removed`: nothing is kept there any more.
    - `remark`: what a person should know, such as why it is not kept.
    """

    place: str = ""
    counts: bool = False
    removed: bool = False
    remark: str = ""

    def __str__(self) -> str:
        return self.describe()

    def describe(
        self, phrase: Callable[..., str] = str.format, translate: Callable[[str], str] = str
    ) -> str:
        """Describe the result in one line, in the language of `phrase` and `translate`."""
        place = translate(self.place)
        if place and self.removed:
            done = phrase("not kept in {place} any more", place=place)
        elif place:
            done = phrase("saved in {place}", place=place)
            done += "" if self.counts else phrase("; it counts at the next start")
        elif self.removed:
            done = phrase("as it was at the start")
        else:
            done = phrase("not changed")
            if self.counts:
                done = phrase("not saved; it counts until the next start")
        return f"{done}: {translate(self.remark)}" if self.remark else done


class Configuration:
    """The layers of the settings. `publish` is given the settings after each change."""

    def __init__(
        self,
        publish: Callable[[Settings], None],
        cmdline: str = "",
        image: str = storage.IMAGE,
        machine: Storage | None = None,
    ) -> None:
        self._publish, self._cmdline, self._image = publish, cmdline, image
        self._machine = machine
        self._now: dict[str, str] = {}
        self.overrides: Sequence[Statement] = ()  # of this start, over what the machine keeps

    def load(self) -> Settings:
        """Read all layers anew. The machine's may have changed by itself."""
        now, overrides = self._now, self.overrides
        return storage.load(self._cmdline, self._image, self._machine, now, overrides)

    def reload(self, told: Iterable[str], warn: Callable[[str], None]) -> None:
        """Publish what has become known late, and warn of each complaint that is not `told`."""
        settings = self.load()
        for complaint in settings.complaints:
            if complaint not in told:
                warn(complaint)
        self._publish(settings)

    def refuse(self, name: str, *, keep: bool) -> str:
        """Return the reason why a person cannot set this; "" if it can be done.

        `keep`: on the machine, for good; else until the next start.
        """
        setting = _find(name)
        if not keep:
            return "" if setting.live else "it counts at the start alone, so it has to be saved"
        if "machine" not in setting.layers:
            places = " or ".join(_NAMES[layer] for layer in setting.layers)
            return f"{setting.reason}: set it in {places}"
        return "" if self._machine else _NO_STORAGE

    def find_keeping(self, name: str) -> Outcome:
        """Return where a saved value would be kept, or the reason why it cannot be."""
        if reason := self.refuse(name, keep=True):
            return Outcome(remark=reason)
        assert self._machine
        return Outcome(place=self._machine.place, remark=self._machine.remark)

    async def set(self, name: str, text: str | None, *, keep: bool) -> Outcome:
        """Change a setting, on the machine (`keep`) or until the next start.

        A value that cannot be kept counts until the next start. Without a text the machine keeps
        the setting no more, and what was changed until the next start is undone. Raise ValueError,
        with a sentence, for an unknown setting or a wrong value.
        """
        setting = _find(name)
        name = setting.name
        if text is not None:
            _check(setting, text)
        remark, place = self.refuse(name, keep=keep), ""
        if keep and not remark and self._machine:
            try:
                await self.keep(name, text)
                remark, place = self._machine.remark, self._machine.place
            except OSError as error:
                remark = error.strerror or str(error)
        self._now.pop(name, None)
        settings = self.load()
        if text is not None and settings.layer(name) == "command line" and place:
            remark = f"the kernel command line says {setting.show(settings)} at each start"
        if text is not None and setting.live and not (place and settings.layer(name) == "machine"):
            self._now[name] = text
            settings = self.load()
        self._publish(settings)
        if text is None and place:
            remark = ""  # it is about a value that is kept
        return Outcome(place=place, counts=setting.live, removed=text is None, remark=remark)

    async def keep_or_leave(self, name: str, text: str) -> Outcome:
        """Change a setting for good as `set` does; if it cannot be kept, change nothing."""
        outcome = await self.set(name, text, keep=True)
        if not outcome.place:
            await self.set(name, None, keep=False)
            outcome = replace(outcome, counts=False)
        return outcome

    async def keep(self, name: str, text: str | None) -> None:
        """Keep a setting on the machine, without a look at it. Raise OSError with a reason."""
        if self._machine is None:
            raise OSError(errno.ENOTSUP, _NO_STORAGE)
        await self._machine.write(name, text)


_NAMES = {
    "image": f"the image's {storage.IMAGE}",
    "machine": "the machine",
    "command line": "the kernel command line",
}


def _find(name: str) -> Setting:
    setting = BY_NAME.get(name.removeprefix("petipy."))
    if setting is None or setting.internal:
        raise ValueError(f"there is no setting {name}")
    return setting


def _check(setting: Setting, text: str) -> None:
    """Raise ValueError, with a sentence, for a value that the setting does not take."""
    try:
        wrong = [*setting.type.complain(setting.type.read(text))]
    except ValueError:
        raise ValueError(f"{setting.name} takes {setting.type.form}") from None
    if wrong or not text.isprintable():
        raise ValueError(f"{setting.name}: {'; '.join(wrong) or 'a character that none may have'}")
