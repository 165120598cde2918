"""A limit for the work of a script, in GRUB's and in iPXE's language."""

_LONGEST = 1 << 16  # characters of a variable


class OutOfBudget(Exception):
    """The script does more work than any boot configuration needs."""


class Budget:
    """The steps that a script may still make. They limit its memory, too.

    A step takes about 10 microseconds in GRUB's language, and 20 in iPXE's.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps from the budget. Raise OutOfBudget if there are too few."""
        self.steps -= steps
        if self.steps < 0:
            raise OutOfBudget("it does not come to an end: given up")

    def check_length(self, value: str, kind: str) -> None:
        """Raise OutOfBudget for a value that is too long. `kind` is the language's own word."""
        if len(value) > _LONGEST:
            raise OutOfBudget(f"a {kind} grows without end: given up")
