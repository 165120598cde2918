import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.disk import Disk, attach_disk
from tests.network.namespace import Namespace, join, namespace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        if "spaces" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.root)
        if item.get_closest_marker("root") and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root: network namespaces"))


@pytest.fixture
def spaces(tmp_path: Path) -> Iterator[tuple[Namespace, Namespace]]:
    """Return a server's network with lan0 (192.0.2.1/24, 2001:db8::1/64) and a client's with eth0.

    eth0 (52:54:00:00:00:01) is up and has no address of IPv4.
    """
    with namespace(tmp_path / "server") as server, namespace(tmp_path / "client") as client:
        join(server, "lan0", client, "eth0", "52:54:00:00:00:01")
        server.address("lan0", "192.0.2.1/24", "2001:db8::1/64")
        client.ip("link set eth0 up")
        yield server, client


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Return a disk with an installed system, which is untouched at the end."""
    with attach_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def server(spaces: tuple[Namespace, Namespace]) -> Namespace:
    return spaces[0]


@pytest.fixture
def client(spaces: tuple[Namespace, Namespace]) -> Namespace:
    return spaces[1]
