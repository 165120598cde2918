"""The limits and the problems that all files of a configuration share."""

from parsers.api import Problem
from parsers.formats.syslinux.statements import Statement

MOST_TEXT = 1 << 20  # characters of all files of one configuration
FILES = 200  # files of one configuration


class ReadContext:
    """The work that is left, the menus so far, and the problems."""

    def __init__(self) -> None:
        self.files, self.room = FILES, MOST_TEXT  # left to read: files, characters
        self.followed: set[str] = set()  # places of menus: each is shown once
        self.problems: list[Problem] = []

    def complain(self, statement: Statement, message: str) -> None:
        self.problems.append(Problem(statement.config, statement.number, message, statement.column))
