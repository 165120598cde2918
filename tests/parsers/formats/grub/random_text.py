"""Random texts, some of them GRUB scripts, for comparisons with the real GRUB."""

import os
import random
import secrets
from collections.abc import Callable

SEED = "PETIPY_SEED"

_TEXT = """
a b echo true x=1 set menuentry [ ] [[ ]] ! test if then elif else fi for in do done while until
function case esac select time f name 1 a-b a=$b $a ${a} $1 $10 $# $@ $* $? ${1} ${@} $" "x" ''
"" 'a b' "a $b" "${c}" \\ \\; \\{ \\\\ \\" \\' $"t" $"$(" $' $( $$ ${ } { } ; ; ; ;; & | < > && ||
# #c "# ' " ` ~ % * ? ( ) = == != , . / - -- --x é \\x20 a\\ a"b"c a'b'$c $a$b "a\\"b" "\\$a" "a$"
"$ a" ${a-b} ${?} ${#} ${*} $- $! a#b "a"#b a{b a}b \u00a0
"""
_WORDS = _TEXT.split()
_PHRASES = [
    "if true; then ", "; fi", "\nfi\n", "for i in a b; do ", "; done", "\ndone\n", "else\n",
    "while false; do ", "function f { ", "function f\n{\n", "\n}\n", "{ a; }", "{\na\n}", "{ a }",
    "menuentry 'T' {", "\n", "\n", "\n\n", " ", "\t", "\\\n", "\\\n ", "x\\\ny", "'a\nb'",
    "\"a\nb\"", "\"a\\\nb\"", "then\n", "do\n", "elif true; then ", "; ", "a b;", " #x\n", "\n#y\n",
    "\n# if {\n", "\r", "\r\n", "\f", "$\"a\nb\"",
]  # fmt: skip


def seed() -> int:
    """Return the same seed in each run, so that only a change can break a test.

    The environment can name another, such as one that a failed test printed, or ask for a `random`
    one.
    """
    named = os.environ.get(SEED, "1")
    return secrets.randbelow(10**9) if named == "random" else int(named)


def random_script(rng: random.Random) -> str:
    """Return words in any order, or a script with up to three wrong words."""
    if rng.random() < 0.4:
        return "".join(_morsel(rng) for _ in range(rng.choice((2, 5, 12, 25))))
    pieces = _script(rng, 3)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        at = rng.randrange(len(pieces) + 1)
        change = rng.choice(("add", "drop", "swap"))
        pieces[at : at + (change != "add")] = [] if change == "drop" else [_morsel(rng)]
    return "".join(pieces)


def _morsel(rng: random.Random) -> str:
    text = rng.choice(_WORDS) if rng.random() < 0.6 else rng.choice(_PHRASES)
    return text + rng.choice((" ", " ", " ", ""))


def _script(rng: random.Random, depth: int) -> list[str]:
    """Return the pieces of statements that GRUB accepts."""
    pieces: list[str] = []
    for _ in range(rng.randint(1, 3)):
        pieces += [*_statement(rng, depth), rng.choice((";", "\n", "\n\n", " # c\n", "\n \t\n"))]
    pieces[-1] = "\n"
    return pieces


_STATEMENTS: list[Callable[[random.Random, int], list[str]]] = [
    lambda rng, depth: ["if ", *_body(rng, depth), "then", " ", *_body(rng, depth), "fi"],
    lambda rng, depth: [
        "if\n", *_body(rng, depth), "then ", *_body(rng, depth),
        "elif ", *_body(rng, depth), "then\n", *_body(rng, depth),
        "else ", *_body(rng, depth), "fi",
    ],
    lambda rng, depth: [
        "for ", rng.choice(("i", "_a1")), " in ", *_words(rng), rng.choice((";", "\n")), " do ",
        *_body(rng, depth), "done",
    ],
    lambda rng, depth: [
        rng.choice(("while ", "until ")), *_body(rng, depth), "do ", *_body(rng, depth), "done",
    ],
    lambda rng, depth: ["{ ", *_words(rng)],
]  # fmt: skip


def _statement(rng: random.Random, depth: int) -> list[str]:
    if depth == 3 and rng.random() < 0.15:
        return ["function ", "f", rng.choice((" ", "\n")), "{", " ", *_body(rng, 2), "}"]
    if depth > 0 and rng.random() < 0.5:
        return rng.choice(_STATEMENTS[:-1])(rng, depth - 1)
    command = [rng.choice(("a", "echo", "'if'", "x=$y", "$v", "[", "\\\nif")), " ", *_words(rng)]
    if rng.random() < 0.15:
        command += ["{", " ", *_body(rng, depth - 1), "}"]
    return command


def _body(rng: random.Random, depth: int) -> list[str]:
    pieces: list[str] = []
    for _ in range(rng.choice((1, 1, 2))):
        pieces += [*_statement(rng, depth), rng.choice((";", ";\n", "\n", "\n#c\n", " "))]
    if pieces[-1] in (" ", ";"):
        pieces[-1] = "; "
    return pieces


def _words(rng: random.Random) -> list[str]:
    quoted = ["'a b'", '"a $b"', "$a", "${a}", "x", "if", "done", "\\;", "a=b", "\\\n", "''", "=",
              "-x", "a#b", '$"c"', "*", "]", "!", "1", "a\\\nb", "'a\n#b\nc'"]  # fmt: skip
    return [rng.choice(quoted) + " " for _ in range(rng.randint(0, 3))]
