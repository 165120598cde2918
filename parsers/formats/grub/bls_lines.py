"""The menu's lines of Boot Loader Specification entries, each with a body of GRUB commands.

The body is made at once. Only the files of `initrd` may have variables that are looked up when the
entry is booted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from parsers.formats.grub import snippets
from parsers.formats.grub.commands.menu import hotkey, users
from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.pieces import Assignment, Piece, expand_to, join
from parsers.formats.grub.language.syntax import Command, Mistake, Statement
from parsers.formats.grub.run.shell import MenuLine, Shell
from parsers.formats.grub.snippets import BlsField, BlsFile

_FALSE = ("", "0", "f", "F", "n", "N")  # the first character of a variable that says no


def make_line(shell: Shell, snippet: BlsFile) -> MenuLine | None:
    """Return the menu's line of a file; None if GRUB passes the file over: it names no kernel."""
    image = snippet.first("efi") if shell.machine.family.bls_efi else None
    if not (named := image or snippet.first("linux")):
        return None
    title = snippet.first("title") or named
    arguments = [title.value, *(field.value for field in snippet.all("grub_arg"))]
    lines = _Lines(shell, snippet, named)
    # A name of a user means that not everybody may boot the entry.
    allowed = users(lines.expand("grub_users") or "")
    key = snippet.first("grub_hotkey")
    return MenuLine(
        title=title.value,
        id=snippet.id,
        arguments=tuple(arguments),
        body=tuple(_parse(shell, snippet, lines.image() if image else lines.kernel())),
        submenu=False,
        config=snippet.config,
        line=1,
        end=snippet.fields[-1].line,
        hotkey=hotkey(key.value) if key else "",
        classes=tuple(field.value for field in snippet.all("grub_class")),
        users=allowed or None,
        parameters=Assignment("$@", " ".join(arguments), snippet.config, title.line),
    )


def _parse(
    shell: Shell, snippet: BlsFile, commands: Iterator[tuple[str, int]]
) -> Iterator[Statement]:
    for text, line in commands:
        for unit in units(ScriptText(text, family=shell.machine.family)):
            if isinstance(unit, Mistake):
                shell.machine.complain(snippet.config, line, unit.message)
                continue
            for statement in unit:
                # A column would count in the text made here, not in the file.
                if isinstance(statement, Command):
                    yield statement._replace(line=line, column=0)
                else:
                    yield statement


@dataclass(slots=True)
class _Lines:
    """The lines of the body, each with the line of the file that it comes from."""

    shell: Shell
    snippet: BlsFile
    named: BlsField  # the kernel, or the unified image

    @property
    def _device(self) -> str:
        """The device in front of each path."""
        kind = self.shell.machine.family.bls
        return {"red hat": "($root)", "suse": f"({self.snippet.device})"}.get(kind, "")

    def kernel(self) -> Iterator[tuple[str, int]]:
        yield from self._before()
        if self.shell.machine.family.bls != "upstream":
            if "load_video" in self.shell.functions:
                yield "load_video", 1
            yield "set gfxpayload=keep", 1
        yield self._linux(), self.named.line
        yield from self._initrds()
        tree = self.snippet.first("devicetree")
        if tree and not self.shell.machine.family.bls_by_version:
            yield f"devicetree {self._device}{self.expand('devicetree') or ''}", tree.line
        elif general := self._variable("devicetree"):
            directory = "".join(self.named.value.rpartition("/")[:2])
            yield f"devicetree {self._device}{directory}{general}", self.named.line

    def image(self) -> Iterator[tuple[str, int]]:
        yield from self._before()
        options = self.expand("options")
        words = ["chainloader", f"{self._device}{self.named.value}", options or ""]
        yield " ".join(filter(None, words)), self.named.line

    def _before(self) -> Iterator[tuple[str, int]]:
        upstream = self.shell.machine.family.bls == "upstream"
        wish = self.shell.env["blsuki_save_default"] if upstream else self._variable("save_default")
        if wish[:1] not in _FALSE:
            yield "savedefault", 1

    def _variable(self, name: str) -> str:
        """Return a variable that upstream's GRUB does not look at, nor RHEL 8's."""
        family = self.shell.machine.family
        blind = family.bls == "upstream" or family.bls_by_version
        return "" if blind else self.shell.env[name]

    def _initrds(self) -> Iterator[tuple[str, int]]:
        initrds = self.snippet.all("initrd")
        first = initrds[0] if initrds else self.named
        directory = f"{self._device}{''.join(first.value.rpartition('/')[:2])}"
        early = self._variable("early_initrd")
        names = [f"{directory}{name}" for name in early.split(" ")] if early else []
        names += [f"{self._device}{field.value}" for field in initrds]
        if names:
            yield f"initrd {' '.join(names)}", first.line

    def _linux(self) -> str:
        """Return the statement that loads the kernel; its options know where they come from."""
        field = self.snippet.first("options")
        if field:
            setting = Assignment("options", field.value, self.snippet.config, field.line)
            written = expand_to(field.value, [Piece(field.value, setting)])
            keyword = expand_to("linux", [Piece("", setting), Piece("linux")])
        else:
            upstream = self.shell.machine.family.bls == "upstream"
            written = "" if upstream else self._value("default_kernelopts") or ""
            keyword = "linux"
        options = self._expand(written, self._value)
        command = [keyword, f"{self._device}{self.named.value}"]
        return join(" ", command if options is None else [*command, options])

    def _value(self, name: str) -> str | None:
        """Return the value of a variable, in one piece."""
        value, setting = self.shell.env.get(name), self.shell.env.assignments.get(name)
        return value if value is None else expand_to(value, [Piece(value, setting)])

    def expand(self, key: str) -> str | None:
        field = self.snippet.first(key)
        return self._expand(field.value if field else "", self.shell.env.get)

    def _expand(self, text: str, look_up: snippets.LookUp) -> str | None:
        return snippets.expand(text, look_up, escapes=self.shell.machine.family.bls_escapes)
