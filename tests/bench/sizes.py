"""Print the sizes of kernel and image, and the cost of each feature."""

from collections.abc import Iterable, Sequence

from tests.bench.images import Image


def rows(images: Sequence[Image]) -> list[list[str]]:
    """Return the table, its head first: bytes of the files, as they are booted."""
    manifests = [image.manifest for image in images]
    table = [["size, MB", *(image.name for image in images)]]
    names = dict.fromkeys(name for m in manifests for name in m["files"])
    sizes = {name: [m["files"].get(name, {}).get("size", 0) for m in manifests] for name in names}
    for name in names:
        table.append([name, *megabytes(sizes[name])])
    packed = sizes.pop(images[0].initrd.name)
    for name, kernels in sizes.items():
        wholes = [kernel and kernel + size for kernel, size in zip(kernels, packed, strict=True)]
        table.append([f"{name} and image: at most 20 with our kernel", *megabytes(wholes)])
    for group in ("compressed", "features"):
        parts = dict.fromkeys(part for m in manifests for part in m[group])
        for part in sorted(parts, key=lambda part: -manifests[0][group].get(part, 0)):
            cells = megabytes(m[group].get(part, 0) for m in manifests)
            table.append([f"{'part' if group == 'compressed' else 'feature'}: {part}", *cells])
    return table


def megabytes(sizes: Iterable[int]) -> list[str]:
    return [f"{size / 1e6:.2f}" if size else "" for size in sizes]
