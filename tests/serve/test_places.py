"""Places are given in the order of asking, whoever leaves in between, and the queue is bounded."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.serve.places import Places, QueueFullError


class Visitor:
    """Asks for a place, and holds it until told to go."""

    def __init__(self, places: Places) -> None:
        self.positions: list[int] = []
        self.refused = False
        self._go = asyncio.Event()
        self._task = asyncio.ensure_future(self._visit(places))

    async def _visit(self, places: Places) -> None:
        try:
            async with places.place(self.positions.append):
                await self._go.wait()
        except QueueFullError:
            self.refused = True

    @property
    def position(self) -> int | None:
        """Its position now; None where it is not."""
        return self.positions[-1] if self.positions and not self._task.done() else None

    def go(self) -> None:
        self._go.set()

    def leave(self) -> None:
        self._task.cancel()

    async def end(self) -> None:
        with suppress(asyncio.CancelledError):
            await self._task


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


ACTIONS = st.lists(st.tuples(st.sampled_from(["come", "go", "leave"]), st.integers(0, 9)))


@given(ACTIONS, st.integers(1, 3), st.integers(0, 3))
def test_places_are_as_of_a_list_whose_first_ones_run(
    actions: list[tuple[str, int]], count: int, most: int
) -> None:
    async def play() -> None:
        places, expected = Places(count, most), list[Visitor]()
        for action, number in actions:
            if action == "come":
                visitor = Visitor(places)
                await settle()
                assert visitor.refused == (len(expected) >= count + most)
                expected += [] if visitor.refused else [visitor]
            elif expected:
                visitor = expected[number % len(expected)]
                if action == "leave" or visitor.position == 0:
                    visitor.leave() if action == "leave" else visitor.go()
                    expected.remove(visitor)
                await settle()
            assert [each.position for each in expected] == [
                max(0, index - count + 1) for index in range(len(expected))
            ]
            assert places.taken == min(count, len(expected))
            assert places.waiting == max(0, len(expected) - count)
        for visitor in expected:
            visitor.leave()
            await visitor.end()
        assert (places.taken, places.waiting) == (0, 0)

    asyncio.run(play())


def test_a_place_that_comes_as_its_visitor_leaves_is_passed_on() -> None:
    async def play() -> None:
        places = Places(1, 2)
        first, second, third = (Visitor(places) for _ in range(3))
        await settle()
        first.go()
        await asyncio.sleep(0)  # the second is called, and does not know it yet
        second.leave()
        await settle()
        assert third.position == 0
        third.go()
        await third.end()
        assert places.taken == 0

    asyncio.run(play())


def test_a_full_queue_says_when_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> tuple[str, int]:
        clock = 0.0
        monkeypatch.setattr("time.monotonic", lambda: clock)
        places = Places(2, 1)
        for _ in range(100):  # runs of a minute each
            async with places.place(lambda _: None):
                clock += 60
        visitors = [Visitor(places) for _ in range(3)]
        await settle()
        with pytest.raises(QueueFullError) as refusal:
            places.check()
        for visitor in visitors:
            visitor.leave()
            await visitor.end()
        return str(refusal.value), refusal.value.retry_after_s

    message, retry_after_s = asyncio.run(play())
    assert retry_after_s == 30
    assert message == (
        "2 requests are running and 1 are waiting, which is the limit: try again in about 30 s, or "
        "start the service with a larger --max-queue"
    )
