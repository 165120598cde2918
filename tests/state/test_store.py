import asyncio

from petipy.state.model import Snapshot
from petipy.state.store import Store


def test_a_change_wakes_who_waits_and_no_change_wakes_nobody() -> None:
    async def scenario() -> list[str]:
        store, seen = Store(), []

        async def watch() -> None:
            version = 0
            while True:
                snapshot = await store.wait_for_change(version)
                version = snapshot.version
                seen.append(snapshot.default)

        task = asyncio.create_task(watch())
        for default in "a", "a", "b":
            store.update(default=default)
            for _ in range(3):
                await asyncio.sleep(0)
        task.cancel()
        return seen

    assert asyncio.run(scenario()) == ["a", "b"]


def test_a_reader_sees_an_update_at_once_and_is_told_at_the_next_turn() -> None:
    async def scenario() -> None:
        store, calls = Store(), list[Snapshot]()
        store.listen(lambda: calls.append(store.snapshot))
        store.update(default="a")
        assert store.snapshot.default == "a"
        assert not calls
        await asyncio.sleep(0)
        assert [snapshot.default for snapshot in calls] == ["a"]

    asyncio.run(scenario())


def test_a_notice_wakes_who_waits_for_a_change() -> None:
    async def scenario() -> None:
        store = Store()
        store.update(default="a")
        waiting = asyncio.create_task(store.wait_for_change(store.snapshot.version))
        await asyncio.sleep(0)
        store.notify()
        assert (await waiting).default == "a"

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_many_updates_of_one_turn_make_one_version_and_wake_once() -> None:
    async def scenario() -> None:
        store, calls = Store(), list[int]()
        store.listen(lambda: calls.append(store.snapshot.version))
        waiting = asyncio.create_task(store.wait_for_change(0))
        await asyncio.sleep(0)
        for number in range(100):
            store.update(default=str(number))
        assert (await waiting).default == "99"
        assert calls == [1]

    asyncio.run(scenario())


def test_a_version_that_somebody_has_read_stays_as_it_is() -> None:
    async def scenario() -> None:
        store = Store()
        store.update(default="a")
        read = store.snapshot
        store.update(default="b")
        assert (read.default, store.snapshot.default) == ("a", "b")
        assert (await store.wait_for_change(read.version)).default == "b"

    asyncio.run(scenario())


def test_without_an_event_loop_listeners_are_called_at_once() -> None:
    store, calls = Store(), list[str]()
    store.listen(lambda: calls.append(store.snapshot.default))
    store.update(default="a")
    assert calls == ["a"]
