"""Stand for the real module: pyparsing.testing derives a class from TestCase."""


class TestCase:
    """A base class that is never used."""
