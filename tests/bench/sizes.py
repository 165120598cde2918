"""Print the sizes of kernel and image, and the cost of each feature."""

from collections.abc import Iterable, Sequence

from tests.bench.images import Image


def rows(images: Sequence[Image]) -> list[list[str]]:
    """Return the table, its head first: bytes of the files, as they are booted."""
    manifests = [image.manifest for image in images]
    table = [["size, MB", *(image.name for image in images)]]
    names = [image.kernel.name for image in images[:1]] + [
        image.initrd.name for image in images[:1]
    ]
    for name in names:
        table.append([name, *megabytes(m["files"][name]["size"] for m in manifests)])
    wholes = [sum(m["files"][name]["size"] for name in names) for m in manifests]
    table.append(["together", *megabytes(wholes)])
    for group in ("compressed", "features"):
        parts = dict.fromkeys(part for m in manifests for part in m[group])
        for part in sorted(parts, key=lambda part: -manifests[0][group].get(part, 0)):
            cells = megabytes(m[group].get(part, 0) for m in manifests)
            table.append([f"{'part' if group == 'compressed' else 'feature'}: {part}", *cells])
    return table


def megabytes(sizes: Iterable[int]) -> list[str]:
    return [f"{size / 1e6:.2f}" for size in sizes]
