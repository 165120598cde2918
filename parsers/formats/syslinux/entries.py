"""A configuration that has been read → what it offers, what boots by itself, and when."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from parsers.api import Entry, FileRef, Files, Item, Password, Preferences, Problem, Style
from parsers.formats.syslinux.configuration import Configuration, ReadContext
from parsers.formats.syslinux.devicetree import fitting
from parsers.formats.syslinux.kernels import PC, Meaning, is_menu, meaning
from parsers.formats.syslinux.labels import Label, Locator, SyslinuxMenu, plain
from parsers.formats.syslinux.origins import origin, origins
from parsers.formats.syslinux.statements import Statement, after, first
from parsers.formats.syslinux.sysappend import unknown, words

_VARIABLE = re.compile(r"\$\{[^{}\s]*\}")
_LONGEST = 10 * 365 * 86400  # seconds: more than years is no time-out either


def items(files: Files, locator: Locator, path: str, directory: str) -> Iterator[Item]:
    """Everything that the configuration at a place says, in the order of its files."""
    reading = ReadContext()
    reading.followed.add(path)
    whole = Configuration(locator, directory, reading)
    whole.read(path)
    yield from EntryBuilder(files, locator, reading).all(whole)


class EntryBuilder:
    def __init__(self, files: Files, locator: Locator, reading: ReadContext) -> None:
        self._files, self._locator, self._reading = files, locator, reading
        self._meanings: dict[Label, Meaning] = {}
        self._inner: dict[Label, Configuration] = {}  # the menus that labels lead to
        self._first: dict[object, Label] = {}  # by where a label is written
        self._way: set[Label] = set()  # labels that lead to the default
        self._reasons: list[Statement] = []  # for that
        self._passwords: dict[str, Password] = {}
        self._taken: set[tuple[tuple[str, ...], str]] = set()
        self._directories: dict[str, str | None] = {}

    def all(self, whole: Configuration) -> Iterator[Item]:
        self._understand(whole)
        decides, chosen = self._default(whole)
        chosen = chosen and self._first.get(_written(chosen), chosen)
        yield from self._menu(whole, (), chosen)
        yield from self._reading.problems
        yield self._preferences(whole, decides, chosen)

    def _understand(self, conf: Configuration) -> None:
        """Reads what its menus are made of elsewhere; what it means by each label."""
        for key in ("ui", "default"):
            line = conf.settings.get(key)
            if line and is_menu(line.word) and not _find(conf, line.word):
                conf.has_ui = True
                conf.settings.pop(key)
                conf.follow(line._replace(value=after(line.value)), conf.directory)
        for label in conf.labels:
            self._first.setdefault(_written(label), label)
        for label in conf.labels:
            means = meaning(label, self._files.host.machine)
            if means.alias and (target := _find(conf, means.alias)):
                means = meaning(target, self._files.host.machine)
            self._meanings[label] = means
            if means.menu and means.files and not label.jump:
                self._follow(conf, label, means)
        conf.check_jumps()

    def _follow(self, conf: Configuration, label: Label, means: Meaning) -> None:
        directory = conf.directory
        if means.directory:
            directory = self._locator.locate(directory, f"{means.directory}/")
        inner = Configuration(self._locator, directory, self._reading)
        inner.has_ui = label.kind != "config"
        # Its own name is still relative to where this one is.
        inner.follow(Statement(label.config, label.line, "config", means.files), conf.directory)
        self._inner[label] = inner
        self._understand(inner)

    def _default(self, conf: Configuration) -> tuple[Configuration, Label | None]:
        """What boots when nobody does anything, and the configuration whose time-out counts."""
        chosen = self._chosen(conf)
        inner = self._inner.get(chosen) if chosen else None
        if not chosen or not inner:
            return conf, chosen
        self._way.add(chosen)
        return self._default(inner)

    def _chosen(self, conf: Configuration) -> Label | None:
        for key in ("ontimeout", "default") if _waits(conf) else ("default",):
            if line := conf.settings.get(key):
                label = _find(conf, line.word) or self._implicit(conf, line)
                if label and self._meanings[label].menu and label not in self._inner:
                    conf.has_ui = True  # it shows the menu that it is in
                elif label:
                    self._reasons.append(line)
                    return label if conf.has_ui else self._with_options(conf, label, line)
        if label := _menus_default(conf.start or conf.menus[0]):
            self._reasons.append(label.statements["menu default"])
            return label
        # Without a DEFAULT, SYSLINUX boots linux, and U-Boot the first.
        usual = _find(conf, "linux") if not conf.has_ui else None
        return usual or next((label for label in conf.labels if self._is_offered(label)), None)

    def _is_offered(self, label: Label) -> bool:
        return not (label.hidden or label.disabled or label.jump or self._meanings[label].menu)

    def _with_options(self, conf: Configuration, label: Label, line: Statement) -> Label:
        """`DEFAULT linux single` is the label with something more, as one would type it."""
        more = after(line.value)
        if not more or label.name == line.value:
            return label
        typed = replace(label, name=line.value, title=line.value, line=line.number)
        typed.config, typed.append = line.config, f"{label.options} {more}".strip()
        typed.statements = {**label.statements, "append": line._replace(value=typed.append)}
        return self._add(conf, typed)

    def _implicit(self, conf: Configuration, line: Statement) -> Label | None:
        """A kernel that DEFAULT names itself, without a label, as one would type it."""
        place = self._locator.locate(conf.directory, line.word)
        number = conf.settings.get("implicit")
        if (number and _number(number.value) == 0) or self._locator.is_there(place) is False:
            message = f"no label is called {line.word!r}"
            self._reading.complain(line, message)
            return None
        label = Label(line.value, line.config, line.number, conf.menus[0], conf.directory)
        label.kernel, label.append = line.word, after(line.value) or None
        label.statements["kernel"] = line
        if label.append:
            label.statements["append"] = line
        label.inherited = conf.append_to_all
        # Debian's installer boots after a time what a label of its menu says, too.
        means = meaning(label, self._files.host.machine)
        same = (known for known in conf.labels if self._meanings[known] == means)
        return next(same, None) or self._add(conf, label)

    def _add(self, conf: Configuration, label: Label) -> Label:
        conf.labels.insert(0, label)
        self._meanings[label] = meaning(label, self._files.host.machine)
        return label

    def _menu(
        self, conf: Configuration, trail: tuple[str, ...], chosen: Label | None
    ) -> Iterator[Entry]:
        for label in conf.labels:
            heading = label.disabled and "kernel" not in label.statements
            # Configurations that lead to one another include the same labels.
            known = self._first.get(_written(label), label) is not label
            if label.jump or heading or known:
                continue
            means = self._meanings[label]
            around = (*trail, *label.menu.trail)
            if inner := self._inner.get(label):
                # Without a menu to choose from, nobody sees that it is another configuration.
                unseen = label in self._way and "default" in conf.settings and not _waits(conf)
                found = self._menu(inner, around if unseen else (*around, _title(label)), chosen)
                hidden = label.hidden and label not in self._way
                yield from (replace(entry, hidden=True) for entry in found) if hidden else found
            elif not means.menu:
                entry = self._entry(label, means, around)
                reasons = tuple(origin(why) for why in self._reasons)
                yield (
                    replace(entry, default=True, default_from=reasons) if label is chosen else entry
                )

    def _name(self, label: Label, means: Meaning, trail: tuple[str, ...]) -> str:
        name = label.name or basename(means.kernel) or label.kind
        unique, count = name, 1
        while (trail, unique) in self._taken:
            unique, count = f"{name}~{count + 1}", count + 1
        self._taken.add((trail, unique))
        if count == 2:
            self._doubt(label, f"another label is called {name!r} already")
        return unique

    def _entry(self, label: Label, means: Meaning, trail: tuple[str, ...]) -> Entry:
        unique = self._name(label, means, trail)
        self._check(label)
        unbootable = "disabled by its configuration" if label.disabled else means.unbootable
        cmdline = self._cmdline(label, means)
        hotkey = re.search(r"\^(.)", label.title)
        return Entry(
            title=_title(label) or unique,
            name=unique,
            config=label.config,
            line=label.line,
            trail=trail,
            kernel=self._file(label, means.kernel) if means.kernel else None,
            initrds=tuple(self._file(label, initrd) for initrd in means.initrds),
            devicetree=self._devicetree(label),
            cmdline=cmdline,
            unbootable=unbootable,
            action="" if label.disabled else means.action,
            hotkey=hotkey[1].lower() if hotkey else "",
            users=self._users(label, unique),
            hidden=label.hidden,
            help="\n".join(label.help),
            end=label.end,
            origins=tuple(origins(label, cmdline)) if means.kernel else (),
        )

    def _cmdline(self, label: Label, means: Meaning) -> str:
        """SYSLINUX puts BOOT_IMAGE=KERNEL before it, and INITRD as initrd= behind: for itself,
        which finds the initrds there. We hand them over, U-Boot adds neither, and no kernel asks
        for either, so that what the file says is what is booted, its own initrd= included.
        """
        if not means.kernel:
            return ""
        options = means.options
        if self._files.host.machine not in PC and (names := _VARIABLE.findall(options)):
            self._doubt(label, f"{', '.join(names)} is a variable of the firmware's: left out")
            options = " ".join(_VARIABLE.sub("", options).split())
        return " ".join((options, *words(label.sysappend, self._files))).strip()

    def _file(self, label: Label, name: str) -> FileRef:
        """The file; beside the configuration itself where only that has it."""
        place = self._locator.locate(label.directory, name)
        beside = self._locator.locate(f"{label.config.rpartition('/')[0]}/", name)
        if beside != place and self._locator.is_there(place) is False:
            place = beside if self._locator.is_there(beside) else place
        return self._locator.file(place)

    def _devicetree(self, label: Label) -> FileRef | None:
        if label.devicetree:
            return None if label.devicetree == "-" else self._file(label, first(label.devicetree))
        found = self._fitting(label)
        return self._locator.file(found) if found else None

    def _fitting(self, label: Label) -> str | None:
        """What FDTDIR's directory has for this machine, if both have a device tree."""
        if not label.devicetrees or not self._files.host.compatible:
            return None
        directory = self._locator.locate(label.directory, first(label.devicetrees)).rstrip("/")
        if directory not in self._directories:
            known = self._locator.is_there(directory) is not None
            self._directories[directory] = fitting(self._files, directory) if known else None
        return self._directories[directory]

    def _doubt(self, label: Label, message: str) -> None:
        self._reading.problems.append(Problem(label.config, label.line, message))

    def _check(self, label: Label) -> None:
        if more := unknown(label.sysappend, self._files):
            self._doubt(label, f"SYSAPPEND asks for what only a BIOS tells ({more:#x}): left out")
        wanted = label.devicetrees and not label.devicetree and self._files.host.compatible
        if wanted and self._fitting(label) is None:
            what = f"no device tree in {first(label.devicetrees)} is known to be for {wanted[0]}"
            self._doubt(label, f"{what}: the machine's own is used")
        if (secret := label.password or label.menu.password) and not _password("", secret):
            what = "its password is hashed in no way that SYSLINUX knows"
            self._doubt(label, f"{what}: this entry stays locked")

    def _users(self, label: Label, name: str) -> tuple[str, ...] | None:
        """A user for each password, called as what it opens."""
        secret = label.password or label.menu.password
        if not secret:
            return None
        user = name if label.password else _trail_name(label.menu)
        if password := _password(user, secret):
            self._passwords.setdefault(user, password)
        return (user,)

    def _preferences(
        self, whole: Configuration, decides: Configuration, chosen: Label | None
    ) -> Preferences:
        master = decides.settings.get("master") or whole.settings.get("master")
        passwords = list(self._passwords.values())
        if master and (password := _password("master", master.value)):
            passwords.append(password)
        onerror = decides.settings.get("onerror")
        fallback = _find(decides, onerror.word) if onerror else None
        hidden: Style = "hidden" if {"hidden", "shiftkey"} & set(decides.settings) else ""
        return Preferences(
            timeout=_timeout(decides),
            fallback=(fallback.name,) if fallback else (),
            style=hidden,
            superusers=("master",) if master else None,
            passwords=tuple(passwords),
            elsewhere=bool(chosen and self._meanings[chosen].elsewhere),
        )


def _password(user: str, secret: str) -> Password | None:
    """None for a hash of no kind that SYSLINUX knows."""
    hashed = secret.startswith(("$1$", "$4$", "$5$", "$6$"))
    if secret.startswith("$") and not hashed:
        return None
    return Password(user=user, secret=secret, hashed=hashed, nameless=True)


def _written(label: Label) -> object:
    return label.config, label.line, label.name, label.directory


def _title(label: Label) -> str:
    return plain(label.title) or label.name


def _trail_name(menu: SyslinuxMenu) -> str:
    return menu.tag or plain(menu.label or menu.title) or "menu"


def _find(conf: Configuration, name: str) -> Label | None:
    """By its very name, as SYSLINUX does; where there is none such, in any case."""
    same = (label for label in conf.labels if label.name == name)
    folded = (label for label in conf.labels if label.name.lower() == name.lower())
    return next(same, None) or next(folded, None)


def _menus_default(menu: SyslinuxMenu) -> Label | None:
    """MENU DEFAULT's, which may be a menu with a default of its own."""
    while isinstance(menu.default, SyslinuxMenu):
        menu = menu.default
    return menu.default


def _waits(conf: Configuration) -> bool:
    """Whether it shows a menu or a prompt, and so has a use for time-outs."""
    prompt = conf.settings.get("prompt")
    return conf.has_ui or bool(prompt and _number(prompt.value))


def _timeout(conf: Configuration) -> float | None:
    """Seconds. Without a menu or a prompt SYSLINUX boots at once, and with one waits for ever
    where no time is set; a time that is set without them is what somebody meant, and is kept."""
    if "shiftkey" in conf.settings:
        return 0
    given = (conf.settings.get(key) for key in ("timeout", "totaltimeout"))
    tenths = [number for line in given if line and (number := _number(line.value)) > 0]
    if tenths:
        return min(tenths) / 10 if min(tenths) / 10 < _LONGEST else math.inf
    if _waits(conf):
        return math.inf
    return 0 if "default" in conf.settings else None


def _number(text: str) -> int:
    """As atoi reads it. Python refuses to read numbers of thousands of digits."""
    m = re.match(r"([+-]?)([0-9]{1,18})", text)
    return int(m[1] + m[2]) if m else 0
