"""Names of entries, of which a configuration may give one twice."""

from collections.abc import Sequence


def make_unique(names: Sequence[str]) -> list[str]:
    """Each name once: the first keeps it, a later one gets a number (linux~2)."""
    given, met, counts = set(names), set[str](), dict[str, int]()
    found = []
    for name in names:
        unique = name
        while unique in met or (unique != name and unique in given):
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name}~{counts[name]}"
        met.add(unique)
        found.append(unique)
    return found
