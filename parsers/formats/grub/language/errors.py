"""GRUB's errors. A command raises one, or reports one and goes on; either way it is its status."""

FALSE = 1
BAD_FILE = 4
NOT_FOUND = 5
BAD_NAME = 7
UNKNOWN_FILE_SYSTEM = 8
BAD_NUMBER = 10
OUT_OF_RANGE = 11
UNKNOWN_DEVICE = 12
BAD_DEVICE = 13
UNKNOWN_COMMAND = 17
BAD_ARGUMENT = 18
NO_KERNEL = 22
FIRMWARE = 29
EXTRACTING = 33
TOO_DEEP = 47


class GrubError(Exception):
    """A command failed: GRUB's number and message."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class Usage(Exception):
    """A command was asked for its usage, and does nothing else. This is no failure."""
