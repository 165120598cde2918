import asyncio

from petipy.state.store import Store


def test_a_change_wakes_who_waits_and_no_change_wakes_nobody() -> None:
    async def scenario() -> list[str]:
        store, seen = Store(), []

        async def watch() -> None:
            version = 0
            while True:
                snapshot = await store.changed(version)
                version = snapshot.version
                seen.append(snapshot.default)

        task = asyncio.create_task(watch())
        for default in "a", "a", "b":
            store.update(default=default)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        task.cancel()
        return seen

    assert asyncio.run(scenario()) == ["a", "b"]
