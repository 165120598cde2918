"""U-Boot's containers, small: mkimage's header and flattened image trees."""

import struct
from collections.abc import Mapping, Sequence

from petipy.kexec.fdt import Node, flatten

KERNEL, RAMDISK, MULTI = 2, 3, 4  # mkimage's types of images


def with_header(data: bytes, kind: int = KERNEL, size: int | None = None) -> bytes:
    """Put mkimage's header before the data."""
    size = len(data) if size is None else size
    return struct.pack(">7I4B32s", 0x27051956, 0, 0, size, 0, 0, 0, 5, 22, kind, 0, b"x") + data


def several(*images: bytes) -> bytes:
    """Make one file of several images, as mkimage does."""
    table = b"".join(len(image).to_bytes(4, "big") for image in (*images, b""))
    padded = (image + bytes(-len(image) % 4) for image in images)
    return with_header(table + b"".join(padded), MULTI)


def fit(
    images: Mapping[str, bytes],
    configurations: Mapping[str, Mapping[str, Sequence[str]]],
    default: str = "",
    more: Mapping[str, Mapping[str, bytes]] | None = None,
) -> bytes:
    """Make a FIT of images and configurations; `more` are further properties of an image."""
    nodes = []
    for name, data in images.items():
        own = (more or {}).get(name, {})
        inner = {} if "data-size" in own else {"data": data}
        nodes.append(Node(name, {"description": b"x\0", **inner, **own}, [Node("hash-1")]))
    described = [
        Node(
            name, {kind: "".join(f"{n}\0" for n in names).encode() for kind, names in parts.items()}
        )
        for name, parts in configurations.items()
    ]
    chosen = {"default": f"{default}\0".encode()} if default else {}
    root = Node(children=[Node("images", {}, nodes), Node("configurations", chosen, described)])
    return flatten(root).blob()
