"""Make entries and preferences of a SYSLINUX configuration."""

import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from parsers.api import Entry, FileRef, Files, Item, Password, Problem
from parsers.formats.syslinux.configuration import Configuration
from parsers.formats.syslinux.context import ReadContext
from parsers.formats.syslinux.devicetree import find_devicetree
from parsers.formats.syslinux.kernels import PC, Meaning, find_variant, interpret, is_menu
from parsers.formats.syslinux.labels import (
    Label,
    Locator,
    find_label,
    find_menus_default,
    identity,
    shown_title,
    trail_name,
)
from parsers.formats.syslinux.origins import origin, origins
from parsers.formats.syslinux.preferences import (
    has_menu,
    make_password,
    make_preferences,
    parse_number,
)
from parsers.formats.syslinux.statements import Statement, after_first, first_word
from parsers.formats.syslinux.sysappend import sysappend_words, unknown_bits

_MODULES = 8  # that run one another
_VARIABLE = re.compile(r"\$\{[^{}\s]*\}")


def read_items(files: Files, locator: Locator, path: str, directory: str) -> Iterator[Item]:
    """Yield the items of the configuration at a place. Relative names begin at `directory`."""
    context = ReadContext()
    context.followed.add(path)
    root = Configuration(locator, directory, context)
    root.read(path)
    yield from EntryBuilder(files, locator, context, find_variant(files, path)).all(root)


class EntryBuilder:
    """Builder of the entries of a configuration and of the further ones that its labels open."""

    def __init__(self, files: Files, locator: Locator, context: ReadContext, variant: str) -> None:
        self._files, self._locator, self._context = files, locator, context
        self._variant = variant
        self._meanings: dict[Label, Meaning] = {}
        self._stands_for: dict[Label, Label] = {}  # the label with a menu that it runs
        self._submenus: dict[Label, Configuration] = {}  # by the label that opens it
        # By identity: the first label of each, and its configuration.
        self._first: dict[object, tuple[Configuration, Label]] = {}
        self._path_to_default: set[Label] = set()  # labels that open the menus of the default
        self._reasons: list[Statement] = []  # for the default
        self._passwords: dict[str, Password] = {}
        self._names: set[tuple[tuple[str, ...], str]] = set()
        self._counts: dict[tuple[tuple[str, ...], str], int] = {}  # of equal names
        self._directories: dict[str, str | None] = {}

    def all(self, root: Configuration) -> Iterator[Item]:
        self._interpret(root)
        deciding, chosen = self._default(root)
        chosen = chosen and self._first.get(identity(chosen), (root, chosen))[1]
        yield from self._menu(root, (), chosen)
        yield from self._context.problems
        yield make_preferences(
            root,
            deciding,
            self._passwords.values(),
            elsewhere=bool(chosen and self._meanings[chosen].elsewhere),
        )

    def _interpret(self, conf: Configuration) -> None:
        """Find the meaning of each label, and read the configurations that labels open."""
        for key in ("ui", "default"):
            statement = conf.settings.get(key)
            if (
                statement
                and is_menu(statement.word)
                and not find_label(conf.labels, statement.word)
            ):
                conf.has_ui = True
                conf.settings.pop(key)
                conf.follow(statement._replace(value=after_first(statement.value)), conf.directory)
        for label in conf.labels:
            self._first.setdefault(identity(label), (conf, label))
        for label in conf.labels:
            means, target = self._find_meaning(conf, label)
            means = self._follow_loader(label, means) if means.chained else means
            self._meanings[label] = means
            if means.menu and target:
                self._stands_for[label] = target
            elif means.menu and means.files and not label.jump:
                self._follow(conf, label, means)
        conf.check_jumps()

    def _follow_loader(self, label: Label, means: Meaning) -> Meaning:
        """Return the menu that another PXELINUX shows: with it, names begin in its directory."""
        loader = self._locator.locate(label.directory, means.chained)
        place = self._locator.find_chained(loader)
        if place is None or place in self._context.followed:
            return means
        return Meaning(menu=True, files=place, directory=loader.rpartition("/")[0])

    def _find_meaning(self, conf: Configuration, label: Label) -> tuple[Meaning, Label | None]:
        """Return the meaning of a label, through the modules that run another one.

        With it comes the last label on the way, if there is one.
        """
        target, runs = None, label
        for _ in range(_MODULES):
            means = interpret(runs, self._files.host.machine, self._variant)
            if means.command is None:
                return means, target
            name, more = first_word(means.command), after_first(means.command)
            if not name:
                return Meaning(unbootable="it runs the default"), None
            if target := find_label(conf.labels, name):
                options = f"{target.options} {more}".strip()
                runs = replace(target, append=options) if more else target
            else:
                runs = replace(label, kind="kernel", kernel=means.command, append="", initrd="")
        return Meaning(unbootable="its modules run one another without end"), None

    def _follow(self, conf: Configuration, label: Label, means: Meaning) -> None:
        directory = conf.directory
        if means.directory:
            directory = self._locator.locate(directory, f"{means.directory}/")
        submenu = Configuration(self._locator, directory, self._context)
        submenu.has_ui = means.module
        # The name of the file is relative to this configuration's directory, not to its own.
        submenu.follow(Statement(label.config, label.line, "config", means.files), conf.directory)
        self._submenus[label] = submenu
        self._interpret(submenu)

    def _default(self, conf: Configuration) -> tuple[Configuration, Label | None]:
        """Return the configuration whose time-out counts, and the label that boots by itself."""
        chosen = self._choose(conf)
        submenu = self._submenus.get(chosen) if chosen else None
        if not chosen or not submenu:
            return conf, chosen
        self._path_to_default.add(chosen)
        return self._default(submenu)

    def _choose(self, conf: Configuration) -> Label | None:
        # Without a DEFAULT, too, there is a prompt.
        waits = has_menu(conf) or "default" not in conf.settings
        for key in ("ontimeout", "default") if waits else ("default",):
            if statement := conf.settings.get(key):
                # Petitboot takes the whole line; SYSLINUX, on a PC, its first word.
                whole = self._files.host.machine not in PC and find_label(
                    conf.labels, statement.value
                )
                label = (
                    whole
                    or find_label(conf.labels, statement.word)
                    or self._implicit(conf, statement)
                )
                label = self._stands_for.get(label, label) if label else None
                if label and self._meanings[label].menu and label not in self._submenus:
                    conf.has_ui = True  # it shows the menu that it is in
                elif label:
                    self._reasons.append(statement)
                    return label if conf.has_ui else self._with_options(conf, label, statement)
        if label := find_menus_default(conf.start or conf.menus[0]):
            self._reasons.append(label.statements["menu default"])
            return label
        # Without a DEFAULT, SYSLINUX boots the label `linux`, and U-Boot the first label.
        usual = find_label(conf.labels, "linux") if not conf.has_ui else None
        return usual or next((label for label in conf.labels if self._is_bootable(label)), None)

    def _is_bootable(self, label: Label) -> bool:
        return not (label.hidden or label.disabled or label.jump or self._meanings[label].menu)

    def _with_options(self, conf: Configuration, label: Label, statement: Statement) -> Label:
        """Return the label of a DEFAULT with more words: `DEFAULT linux single` adds an option."""
        more = after_first(statement.value)
        if not more or label.name == statement.value:
            return label
        typed = replace(label, name=statement.value, title=statement.value, line=statement.number)
        typed.config, typed.append = statement.config, f"{label.options} {more}".strip()
        typed.statements = {**label.statements, "append": statement._replace(value=typed.append)}
        return self._add(conf, typed)

    def _implicit(self, conf: Configuration, statement: Statement) -> Label | None:
        """Return a label for a kernel that DEFAULT names itself, or an equal label."""
        place = self._locator.locate(conf.directory, statement.word)
        number = conf.settings.get("implicit")
        if (number and parse_number(number.value) == 0) or self._locator.is_there(place) is False:
            message = f"no label is called {statement.word!r}"
            self._context.complain(statement, message)
            return None
        label = Label(
            statement.value, statement.config, statement.number, conf.menus[0], conf.directory
        )
        label.kernel, label.append = statement.word, after_first(statement.value) or None
        label.statements["kernel"] = statement
        if label.append:
            label.statements["append"] = statement
        label.inherited = conf.append_to_all
        # In Debian's installer, the kernel of ONTIMEOUT is that of a label, too.
        means, _ = self._find_meaning(conf, label)
        same = (known for known in conf.labels if self._meanings[known] == means)
        return next(same, None) or self._add(conf, label)

    def _add(self, conf: Configuration, label: Label) -> Label:
        conf.labels.insert(0, label)
        self._meanings[label], _ = self._find_meaning(conf, label)
        return label

    def _menu(
        self, conf: Configuration, trail: tuple[str, ...], chosen: Label | None
    ) -> Iterator[Entry]:
        for label in conf.labels:
            heading = label.disabled and "kernel" not in label.statements
            # Configurations that open one another include the same labels. One that includes a
            # file in several menus has its labels in each.
            known = self._first.get(identity(label), (conf, label))[0] is not conf
            if label.jump or heading or known or label in self._stands_for:
                continue
            means = self._meanings[label]
            around = (*trail, *label.menu.trail)
            if submenu := self._submenus.get(label):
                # Without a menu the user does not see that this is another configuration.
                unseen = (
                    label in self._path_to_default
                    and "default" in conf.settings
                    and not has_menu(conf)
                )
                found = self._menu(
                    submenu, around if unseen else (*around, shown_title(label)), chosen
                )
                hidden = label.hidden and label not in self._path_to_default
                yield from (replace(entry, hidden=True) for entry in found) if hidden else found
            elif not means.menu:
                entry = self._entry(label, means, around)
                reasons = tuple(origin(why) for why in self._reasons)
                yield (
                    replace(entry, default=True, default_from=reasons) if label is chosen else entry
                )

    def _name(self, label: Label, means: Meaning, trail: tuple[str, ...]) -> str:
        name = label.name or basename(means.kernel) or label.kind
        unique, count = name, self._counts.get((trail, name), 1)
        while (trail, unique) in self._names:
            unique, count = f"{name}~{count + 1}", count + 1
        self._names.add((trail, unique))
        self._counts[trail, name] = count
        if count == 2:
            self._report(label, f"another label is called {name!r} already")
        return unique

    def _entry(self, label: Label, means: Meaning, trail: tuple[str, ...]) -> Entry:
        unique = self._name(label, means, trail)
        self._check(label)
        unbootable = "disabled by its configuration" if label.disabled else means.unbootable
        cmdline = self._cmdline(label, means)
        hotkey = re.search(r"\^(.)", label.title)
        return Entry(
            title=shown_title(label) or unique,
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
        """Return the command line of the configuration, with its own initrd=.

        SYSLINUX would put BOOT_IMAGE=KERNEL before it and INITRD as initrd= behind it, for its own
        use. U-Boot adds neither, and no kernel needs them.
        """
        if not means.kernel:
            return ""
        options = means.options
        if self._files.host.machine not in PC and (names := _VARIABLE.findall(options)):
            self._report(label, f"{', '.join(names)} is a variable of the firmware's: left out")
            options = _VARIABLE.sub("", options)
        return " ".join((options, *sysappend_words(label.sysappend, self._files))).strip()

    def _file(self, label: Label, name: str) -> FileRef:
        """Return a file. If only the configuration's own directory has it, take that."""
        place = self._locator.locate(label.directory, name)
        sibling = self._locator.locate(f"{label.config.rpartition('/')[0]}/", name)
        if sibling != place and self._locator.is_there(place) is False:
            place = sibling if self._locator.is_there(sibling) else place
        return self._locator.file(place)

    def _devicetree(self, label: Label) -> FileRef | None:
        if label.devicetree:
            return (
                None if label.devicetree == "-" else self._file(label, first_word(label.devicetree))
            )
        found = self._devicetree_in_directory(label)
        return self._locator.file(found) if found else None

    def _devicetree_in_directory(self, label: Label) -> str | None:
        """Return the file of FDTDIR's directory for this machine, if the machine has a tree."""
        if not label.devicetrees or not self._files.host.compatible:
            return None
        directory = self._locator.locate(label.directory, first_word(label.devicetrees)).rstrip("/")
        if directory not in self._directories:
            known = self._locator.is_there(directory) is not None
            self._directories[directory] = (
                find_devicetree(self._files, directory) if known else None
            )
        return self._directories[directory]

    def _report(self, label: Label, message: str) -> None:
        self._context.problems.append(Problem(label.config, label.line, message))

    def _check(self, label: Label) -> None:
        if more := unknown_bits(label.sysappend, self._files):
            self._report(label, f"SYSAPPEND asks for what only a BIOS tells ({more:#x}): left out")
        wanted = label.devicetrees and not label.devicetree and self._files.host.compatible
        if wanted and self._devicetree_in_directory(label) is None:
            what = (
                f"no device tree in {first_word(label.devicetrees)} is known to be for {wanted[0]}"
            )
            self._report(label, f"{what}: the machine's own is used")
        if (secret := label.password or label.menu.password) and not make_password("", secret):
            what = "its password is hashed in no way that SYSLINUX knows"
            self._report(label, f"{what}: this entry stays locked")

    def _users(self, label: Label, name: str) -> tuple[str, ...] | None:
        """Return the users who may boot the label. A user has the name of the guarded thing."""
        secret = label.password or label.menu.password
        if not secret:
            return None
        user = name if label.password else trail_name(label.menu)
        if password := make_password(user, secret):
            self._passwords.setdefault(user, password)
        return (user,)
