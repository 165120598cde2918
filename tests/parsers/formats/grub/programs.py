"""Random GRUB scripts that run and end, and print their state at every step.

They know the disks of emulator.py, and do there what boot configurations do.
"""

import random
import re
from collections.abc import Callable, Iterator
from itertools import count

_VALUES = """
a b ab '' "" 'a b' " a  b " 1 2 0 7x 0x10 010 -1 a-b a=b /dir/a1 /dir /empty /none (hd0,gpt2)/dir/b
/dir/* /*/* /e* (hd1*) "/d*" a* (hd0,gpt*)/dir (hd0,*) \\~ a\\ b a'b c'd "$v $w" $v $w $v$w ${v}
"$v" x$v "${w}"x $1 "$1" $2 $@ "$@" $* $# x"$@"y $? "'" '"' "\\"" \\$v "\\$v" 'a\\nb' "a\\nb"
$"t $v" é --x -n -e -- ] '<' '{' "a
b" hd0,gpt1 TWIN v w f /dir/../inc.cfg //inc.cfg ~ %v a,b a:b `v` #c
""".strip()
_LITERALS: list[str] = re.findall(r"""(?s)(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+""", _VALUES)
_NAMES = ("v", "w", "x", "y")
_FLAT = ("a", "b", "ab", "''", "1", "2", "/dir", "/empty", "/none", "$v", "$w", '"$v"', '"$w"', "x")
_SIGNS = ("=", "==", "!=", "'<'", "'>='")
_COMPARISONS = ("lt", "gt", "eq", "ne", "le", "ge", "pgt", "plt", "nt", "ot")
_ATOMS = (
    *"ab./-^$",
    "[ab]",
    "[^a]",
    "[[:alpha:]]",
    "[a-c-]",
    r"\w",
    r"\W",
    r"\b",
    r"\<",
    r"\.",
    "()",
)
_REPEATS = ("", "", "", "", "*", "+", "?", "{2}", "{,2}", "{1,}", "{1,2}", "{")
_STEPS = ("0", "1", "2", "T1", "T2", "T0", "i1", "i2", "i3", "T3", " 1", "1x", "0x1", "9", "")


class Program:
    """A script. `text` is the same for the same `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lines: list[str] = []
        self._functions: list[str] = []
        self._loops = 0
        self._marks = count()  # for variables that count the rounds of a loop

    def text(self) -> str:
        rng = self._rng
        pieces: list[str] = []
        for _ in range(rng.randint(2, 7)):
            if rng.random() < 0.15:
                pieces.append(self._function())
            pieces.append(self._statement(3) + "\n" + self._state() + "\n")
        return "".join(pieces)

    def menu(self) -> str:
        """Return a script that ends in a menu of which one entry boots at once.

        Entry N has the title TN. It prints `enter N` first and `leave` last.
        """
        rng = self._rng
        pieces = [self.text() if rng.random() < 0.3 else ""]
        self._titles = iter(range(1000))
        pieces += [self._item(2) for _ in range(rng.randint(1, 4))]
        pieces.append(f"set default={self._default()}\nset timeout=0\n")
        return "".join(pieces)

    def _pick(self, *choices: Callable[[], str]) -> str:
        return self._rng.choice(choices)()

    def _word(self) -> str:
        return self._rng.choice(_LITERALS)

    def _words(self, most: int = 3) -> str:
        return "".join(f" {self._word()}" for _ in range(self._rng.randint(0, most)))

    def _name(self) -> str:
        return self._rng.choice(_NAMES)

    def _state(self) -> str:
        return 'echo "$?,$v,$w,$x,$y,$#"'

    def _body(self, depth: int) -> str:
        statements = [self._statement(depth - 1) for _ in range(self._rng.choice((1, 1, 2, 3)))]
        return "".join(f"{s}{self._rng.choice(('; ', chr(10)))}" for s in statements)

    def _statement(self, depth: int) -> str:
        rng = self._rng
        if depth > 0 and rng.random() < 0.4:
            return self._pick(
                lambda: self._if(depth), lambda: self._for(depth), lambda: self._while(depth)
            )
        kinds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        return str(rng.choice(kinds)())

    def _if(self, depth: int) -> str:
        text = f"if {self._condition()}; then {self._body(depth)}"
        if self._rng.random() < 0.3:
            text += f"elif {self._condition()}\nthen {self._body(depth)}"
        if self._rng.random() < 0.5:
            text += f"else {self._body(depth)}"
        return text + "fi"

    def _for(self, depth: int) -> str:
        self._loops += 1
        name = self._name()
        text = f"for {name} in{self._words(4)}; do echo {name}=${name}; {self._body(depth)}done"
        self._loops -= 1
        return text

    def _while(self, depth: int) -> str:
        """Return a loop that ends after three rounds at most, whatever its body does."""
        self._loops += 1
        mark = f"m{next(self._marks)}"
        word = self._rng.choice(("while", "until"))
        sign = "!=" if word == "while" else "="
        text = (
            f"{mark}=\n{word} {mark}=i${mark}; [ ${mark} {sign} iii ]; do echo ${mark}; "
            f"{self._body(depth)}done"
        )
        self._loops -= 1
        return text

    def _function(self) -> str:
        """Return a function that calls only those before it, and so ends."""
        loops, self._loops = self._loops, 0
        name = f"f{len(self._functions)}"
        text = f'function {name} {{\necho {name} $# "$@"\n{self._body(2)}\n}}\n'
        self._functions.append(name)
        self._loops = loops
        return text

    def _condition(self) -> str:
        rng = self._rng
        if rng.random() < 0.75:
            inverted = "! " if rng.random() < 0.15 else ""
            return inverted + self.do_test()
        return self._pick(
            lambda: "true", lambda: "false", self.do_regexp, self.do_unknown, self.do_load,
            lambda: "! false", lambda: "return",
        )  # fmt: skip

    # Commands

    def do_echo(self) -> str:
        option = self._rng.choice(("", "", "", " -e", " -n", " -ne", " -x", " --"))
        return f"echo{option}{self._words(5)}"

    def do_assign(self) -> str:
        return f"{self._rng.choice(('', '', 'set '))}{self._name()}={self._word()}"

    def do_set(self) -> str:
        return self._pick(
            lambda: f"unset {self._name()}",
            lambda: f"set {self._name()} = {self._word()}",
            lambda: f"export {self._name()}",
            lambda: f"set {self._name()}={self._word()}{self._words(1)}",
        )

    def do_test(self) -> str:
        words = " ".join(self._primaries())
        return self._rng.choice((f"[ {words} ]", f"test {words}"))

    def _primaries(self) -> Iterator[str]:
        rng = self._rng
        for number in range(rng.choice((1, 1, 1, 2, 3))):
            if number:
                yield rng.choice(("-a", "-o", "-a", "-o", ""))
            if rng.random() < 0.15:
                yield "!"
            if rng.random() < 0.1:
                yield f"( {' '.join(self._primaries())} )"
                continue
            yield self._primary()

    def _operand(self) -> str:
        return self._rng.choice(_FLAT) if self._rng.random() < 0.7 else self._word()

    def _primary(self) -> str:
        rng, word = self._rng, self._operand
        return self._pick(
            word,
            lambda: f"-{rng.choice('defsnz')} {word()}",
            lambda: f"{word()} {rng.choice(_SIGNS)} {word()}",
            lambda: f"{word()} -{rng.choice(_COMPARISONS)} {word()}",
        )

    def do_call(self) -> str:
        name = self._rng.choice(self._functions or ["nofunction"])
        return f"{name}{self._words()}"

    def do_unknown(self) -> str:
        return self._rng.choice(("nosuch", "a =1", "$v", '"$v"', "=x", "1=2", "$w x", "'v=q r'"))

    def do_leave(self) -> str:
        if not self._loops and self._rng.random() < 0.8:
            return "true"
        return self._rng.choice(
            ("break", "continue", "break 2", "continue 2", "break 0", "continue x", "break 9")
        )

    def do_return(self) -> str:
        if self._functions or self._rng.random() < 0.3:
            return self._rng.choice(("return", "return 0", "return 1", "return 2", "return x"))
        return "false"

    def do_parameters(self) -> str:
        return self._rng.choice(
            ("shift", "shift 2", "shift 0", "shift x", "setparams", f"setparams{self._words()}")
        )

    def do_regexp(self) -> str:
        rng = self._rng
        pattern = rng.choice(
            ("a", "^a", "(a)(b)?", "'^(.*) (.*)$'", "'[a-z]*'", "'('", "''", "'\\.cfg$'", "'a|b'",
             "'(a*)+'", "'x{2}'", "'[[:digit:]]+'", f"'{self._expression()}'")
        )  # fmt: skip
        option = rng.choice(("", "-s v", "--set=w", "--set 1:v", "-s 2:w -s 0:v", "-s 9:v"))
        return f"regexp {option} {pattern} {self._word()}"

    def _expression(self, depth: int = 2) -> str:
        """Return a regular expression, perhaps a wrong one. None has a back reference."""
        rng = self._rng
        text = ""
        for _ in range(rng.randint(1, 3)):
            if depth and rng.random() < 0.3:
                inner = [self._expression(depth - 1) for _ in range(rng.randint(1, 2))]
                text += f"({'|'.join(inner)})"
            else:
                text += rng.choice(_ATOMS)
            text += rng.choice(_REPEATS)
        return text

    def do_eval(self) -> str:
        rng = self._rng
        return rng.choice((
            f"eval echo{self._words()}", f"eval \"v={self._word()}\"".replace('""', "''"),
            "eval 'echo $v; w=1'", "eval 'if true'", "eval", "eval false", "eval 'x=1\n'",
            "eval 'false\n'", 'eval "echo \\$$v"', "eval 'break'", "eval 'return 2'",
        ))  # fmt: skip

    def do_file(self) -> str:
        return self._rng.choice((
            "source /inc.cfg", ". /ret.cfg", "source /none", "source inc.cfg", "source",
            "source (hd0,gpt2)/dir/b", "configfile /inc.cfg", "configfile /set.cfg",
            f"source{self._words(2)}", "source /broken.cfg", "source /dir",
        ))  # fmt: skip

    def do_load(self) -> str:
        return self._rng.choice((
            "load_env -f /env", "load_env --file /env b", "load_env -f /badenv", "load_env",
            "load_env -f /none", "list_env -f /env", "load_env -f (hd0,gpt1)/env a",
        ))  # fmt: skip

    def do_search(self) -> str:
        rng = self._rng
        key = rng.choice((
            "--file /inc.cfg", "-f /dir", "-f /dir/b", "--label TWIN", "-l THREE", "-l twin",
            "-u 44444444-4444-4444-4444-444444444444", "-f /only -n", "--fs-uuid $v", "-f /none",
            "--fs-uuid 11111111-1111-1111-1111-11111111ABCD", "-l", "TWIN",
        ))  # fmt: skip
        hint = rng.choice(("", "", "--hint hd1", "--hint=hd0,gpt3", "--hint hd0,", "--hint=hd0,9"))
        out = rng.choice(("--set=v", "-s w", "--set w", "-s", "--set=y"))
        return f"search --no-floppy {hint} {key} {out}"

    def do_probe(self) -> str:
        rng = self._rng
        device = rng.choice(
            ("hd0,gpt1", "(hd0,gpt2)", "hd1", "(hd1)", "hd0", "hd0,9", "$v", "hd0,1")
        )
        what = rng.choice(("-u", "--label", "-l", "-f", "--fs", "-p", "--fs-uuid", "--part-uuid"))
        return f"probe --set={self._name()} {what} {device}"

    def do_list(self) -> str:
        return self._rng.choice(
            ("ls /dir", "ls /", "ls /none", "ls (hd0,gpt1)/dir", "ls dir",
             "ls /empty", "ls /dir/a?", "ls hd0", "ls (hd0,gpt2)/", "cat /inc.cfg", "cat /none",
             "cat", "ls /dir/")
        )  # fmt: skip

    def do_text(self) -> str:
        return self._rng.choice(
            ("tr -s v -U ab", 'tr --set=w a b "$v"', "tr a b", 'tr -D "$w"', "true", "false",
             "insmod nosuch", "time true", "gettext x", "sleep 0", "setparams")
        )  # fmt: skip

    # Menus

    def _item(self, depth: int) -> str:
        rng = self._rng
        number = next(self._titles)
        title = f"T{number}"
        option = rng.choice(("", "", f"--id i{number} ", f"--id=i{number} ", "--class c ", "--x "))
        words = re.sub(" #c|\n", " c", self._words(2)) if rng.random() < 0.4 else ""
        if depth and rng.random() < 0.35:
            body = "".join(self._item(depth - 1) for _ in range(rng.randint(1, 3)))
            before = f"{self._state()}\n" + self._set_default()
            return f"submenu {option}{title}{words} {{\n{before}{body}}}\n"
        body = f'echo enter {number}\n{self._state()}\necho "$1,$2,$#,$chosen"\n{self._body(1)}'
        return f"menuentry {option}{title}{words} {{\n{body}\necho leave\nhalt\n}}\n"

    def _set_default(self) -> str:
        return f"set default={self._default()}\n" if self._rng.random() < 0.2 else ""

    def _default(self) -> str:
        steps = [self._rng.choice(_STEPS) for _ in range(self._rng.choice((1, 1, 2, 3)))]
        return f"'{'>'.join(steps)}'"
