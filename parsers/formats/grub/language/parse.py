"""The grammar of GRUB script (grub-core/script/parser.y), by recursive descent.

GRUB reads a line and the lines that complete it, runs them, and reads on. So a mistake costs one
such unit: reading resumes at the line after the wrong token.
"""

import re
from collections.abc import Iterator

from parsers.formats.grub.language.lexer import ScriptText, Token, word
from parsers.formats.grub.language.pieces import cut
from parsers.formats.grub.language.syntax import (
    Block,
    Body,
    Command,
    For,
    Function,
    If,
    Mistake,
    Statement,
    While,
    Word,
)

# Reserved in the place of a command only. No statement begins with case, select or esac.
_RESERVED = frozenset(
    [
        "case",
        "do",
        "done",
        "elif",
        "else",
        "esac",
        "fi",
        "for",
        "function",
        "if",
        "in",
        "select",
        "then",
        "until",
        "while",
    ]
)
# A word with a mistake in its strings, and the quote in it that nothing closes.
_WORD = re.compile(
    r"""(?:"(?:[^"\\]++|\\[\s\S])*+"|'[^']*+'|\\[\s\S]|[^ \t\n;{}&|<>"'\\])*+(?P<open>["'])?"""
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEPTH = 60  # of statements within statements; distributions need four


class _Unexpected(Exception):
    """The token cannot stand at its place."""

    def __init__(self, expected: str = "") -> None:
        super().__init__(expected)
        self.expected = expected


def units(source: ScriptText) -> Iterator[Body | Mistake]:
    """Yield the units of a script. Each is to be run before the next is asked for."""
    return _Parser(source).units()


class _Parser:
    def __init__(self, source: ScriptText) -> None:
        self._source = source
        self._depth = 0
        self._restart(0)

    def _restart(self, at: int) -> None:
        self._tokens = self._source.tokens(at)
        self._advance()

    def _advance(self) -> None:
        self._token: Token = next(self._tokens)

    def units(self) -> Iterator[Body | Mistake]:
        while True:
            self._newlines()
            if self._token.kind == "end":
                return
            first = self._source.line(self._token.start)
            try:
                yield self._unit()
            except _Unexpected as error:
                yield self._mistake(first, error.expected)
                if not self._resume():
                    return

    def _mistake(self, first: int, expected: str) -> Mistake:
        line = self._source.line(self._token.start)
        what = {"newline": "the end of the line", "end": "the end of the file"}.get(
            self._token.kind, repr(self._token.text[:20])
        )
        if self._token.kind == "lone":
            what = f"the {self._token.text.lstrip('$')[:1] or '$'} that nothing completes"
        message = f"syntax error at {what}"
        if expected and self._token.kind not in ("bad", "lone"):
            message += f", {expected} expected"
        if first != line:
            message += f"; it began in line {first}"
            if self._token.kind != "end":
                message += ", and GRUB runs the lines after this one as if they stood alone"
        return Mistake(line, message, self._source.column(self._token.start))

    def _resume(self) -> bool:
        """Go on at the line after the wrong token. Return False at the end of the file."""
        text, token = self._source.text, self._token
        if token.kind == "end":
            return False
        end = token.end - (token.kind == "newline")
        if token.kind in ("word", "parts") or (token.kind == "lone" and token.text[0] == '"'):
            # A mistake in a string does not end the string, nor its word.
            whole = _WORD.match(text, token.start)
            if whole is None or whole["open"]:
                return False
            end = whole.end()
        at = text.find("\n", end) + 1
        self._depth = 0
        if not at or at == len(text):
            return False
        while self._token.end < at and self._token.kind != "lone":
            self._advance()
        if self._token.end == at and self._token.kind == "newline":
            self._advance()
        else:  # a string or a continued line passes the line's end: cut it there
            self._restart(at)
        return True

    def _unit(self) -> Body:
        statements = [self._statement()]
        while self._sign(";") and self._token.kind != "newline":
            statements.append(self._statement())
        if self._token.kind != "newline":
            raise _Unexpected
        return tuple(statements)

    def _statement(self) -> Statement:
        return self._function() if self._keyword("function") else self._command()

    def _command(self) -> Statement:
        self._depth += 1
        if self._depth > _DEPTH:
            raise _Unexpected("less nesting")
        token = self._token
        if token.kind == "word" and token.text in _RESERVED:
            statement = self._compound()
        else:
            if token.kind not in ("word", "parts"):
                raise _Unexpected("a command")
            line, column = self._source.line(token.start), self._source.column(token.start)
            statement = Command(line, self._words(), self._block(), column)
        self._depth -= 1
        return statement

    def _compound(self) -> Statement:
        if self._keyword("if"):
            return self._if()
        if self._keyword("for"):
            return self._for()
        until = self._token.text == "until"
        if until or self._token.text == "while":
            self._advance()
            condition = self._commands("do")
            return While(condition, self._commands("done"), until)
        raise _Unexpected("a command")

    def _if(self) -> If:
        condition = self._commands("then")
        then, end = self._until("elif", "else", "fi")
        if end == "elif":
            return If(condition, then, (self._if(),))
        return If(condition, then, self._commands("fi") if end == "else" else ())

    def _for(self) -> For:
        line = self._source.line(self._token.start)
        name = self._name("a variable's name")
        if not self._keyword("in"):
            raise _Unexpected("'in'")
        words = self._words()
        if not self._delimiter() or not self._keyword("do"):
            raise _Unexpected("'do'")
        return For(name, words, self._commands("done"), line)

    def _function(self) -> Function:
        name = self._name("a function's name")
        self._newlines()
        if not self._sign("{"):
            raise _Unexpected("'{'")
        self._newlines()
        body = [self._command()]
        while self._delimiter():
            if self._sign("}"):
                return Function(name, tuple(body))
            body.append(self._command())
        raise _Unexpected("';'")

    def _block(self) -> Block | None:
        start = self._token.start
        if not self._sign("{"):
            return None
        self._newlines()
        body = [self._command()]
        while self._delimiter() and not self._at("}"):
            body.append(self._command())
        last, end = self._token.start, self._token.end
        if not self._sign("}"):
            raise _Unexpected("'}'")
        return Block(self._source.text[start:end], tuple(body), self._source.line(last))

    def _commands(self, end: str) -> Body:
        return self._until(end)[0]

    def _until(self, *ends: str) -> tuple[Body, str]:
        """Read commands, at least one, up to and with one of the keywords that close them."""
        self._newlines()
        body = [self._command()]
        while self._delimiter():
            text = self._token.text
            if self._token.kind == "word" and text in ends:
                self._advance()
                return tuple(body), text
            body.append(self._command())
        raise _Unexpected("';'")

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        source = self._source
        while True:
            token = self._token
            text = token.text
            if not source.is_plain and text:
                text = cut(source.text, token.start, token.start + len(text))
            if token.kind == "word":
                words.append(text)
            elif token.kind == "parts":
                words.append(word(text, source.family))
            else:
                return tuple(words)
            self._advance()

    def _name(self, what: str) -> str:
        text = self._token.text
        if self._token.kind != "word" or not _NAME.fullmatch(text) or text in _RESERVED:
            raise _Unexpected(what)
        self._advance()
        return text

    def _at(self, sign: str) -> bool:
        return self._token.kind == "sign" and self._token.text == sign

    def _sign(self, sign: str) -> bool:
        if self._at(sign):
            self._advance()
            return True
        return False

    def _keyword(self, keyword: str) -> bool:
        if self._token.kind == "word" and self._token.text == keyword:
            self._advance()
            return True
        return False

    def _delimiter(self) -> bool:
        """Skip one `;` or newline, and the newlines after it."""
        return self._newlines() if not self._sign(";") else self._newlines() or True

    def _newlines(self) -> bool:
        any_ = False
        while self._token.kind == "newline":
            any_ = True
            self._advance()
        return any_
