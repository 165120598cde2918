"""GRUB's errors: a command raises one, or says one and goes on; either way it is its status."""

FALSE = 1
BAD_FILE = 4
NOT_FOUND = 5
BAD_NUMBER = 10
UNKNOWN_DEVICE = 12
BAD_DEVICE = 13
UNKNOWN_COMMAND = 17
BAD_ARGUMENT = 18
NO_KERNEL = 18


class GrubError(Exception):
    """A command failed: GRUB's number for it, and its words."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
