"""Names of entries. A configuration may use the same name twice."""

from collections.abc import Sequence


def make_unique(names: Sequence[str]) -> list[str]:
    """Return a different name for each entry: the first keeps its name, a later one gets a number.

    The second `linux` becomes `linux~2`, unless the configuration uses that name itself.
    """
    original, used, counts = set(names), set[str](), dict[str, int]()
    result = []
    for name in names:
        unique = name
        while unique in used or (unique != name and unique in original):
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name}~{counts[name]}"
        used.add(unique)
        result.append(unique)
    return result
