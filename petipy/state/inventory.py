"""The description of the machine in words, part by part. Pure."""

from dataclasses import dataclass

Fact = tuple[str, str]  # name, words


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the machine, such as its memory. Words of hardware are as the kernel has them."""

    title: str
    facts: tuple[Fact, ...]
