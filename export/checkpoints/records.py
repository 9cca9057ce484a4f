"""What a pickle describes, as inert values: names, objects and references that nothing resolves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 100
"""Deepest nesting; also what ends a list that contains itself."""

MAX_VALUES = 1_000_000
"""Most values that a walk over the result would meet, those met twice counted twice."""


@dataclass(frozen=True)
class Global:
    """A class or a function that a pickle names, as its dotted name."""

    name: str


@dataclass(frozen=True, eq=False)
class PersistentId:
    """A reference to something stored outside of the pickle."""

    value: Any


@dataclass(eq=False, repr=False)
class Record:
    """An object that a pickle describes, left inert.

    ``name`` is the dotted name of its class or of the function that would make it, ``args`` and
    ``kwargs`` what that would be called with, ``state`` what would be given to ``__setstate__``,
    ``items`` and ``elements`` what would be put into it by key and in order.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)

    def __repr__(self) -> str:
        """Show the name alone: records may contain each other."""
        return f"Record({self.name!r})"


def walk(root: Any) -> Iterator[Any]:
    """Yield a value and everything in it, each record once, other values as often as they are met.

    Raises
    ------
    ModelError
        If it is nested too deeply, contains itself other than through a record (omegaconf's
        containers know their parents), or holds too much, such as by doubling at every level.
    """
    count = 0
    seen: set[int] = set()
    pending = [(root, 0)]
    while pending:
        value, depth = pending.pop()
        count += 1
        if isinstance(value, Record):
            if id(value) in seen:
                continue
            seen.add(id(value))
        if depth > MAX_DEPTH:
            raise ModelError(f"its pickle is nested more than {MAX_DEPTH} deep: not a checkpoint")
        pending.extend((child, depth + 1) for child in _children(value))
        if count + len(pending) > MAX_VALUES:
            raise ModelError(f"its pickle holds more than {MAX_VALUES} values: not a checkpoint")
        yield value


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list, set, frozenset)):
        yield from value
    elif isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, Record):
        yield from (value.args, value.kwargs, value.state, value.items, value.elements)
    elif isinstance(value, PersistentId):
        yield value.value
