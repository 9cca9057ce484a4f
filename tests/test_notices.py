"""A warning points at the user's line, and a notice is a value."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ovdiar.errors import OvdiarWarning
from ovdiar.notices import Notice, warn

if TYPE_CHECKING:
    from collections.abc import Callable

NOTICE = Notice("unread-audio", "a.wav: 9 bytes follow the sound", {"bytes": 9})

INSIDE = """
import contextlib
from concurrent.futures import ThreadPoolExecutor
from ovdiar.notices import warn

def deep(notice, depth):
    deep(notice, depth - 1) if depth else warn(notice)

class Closing:
    def close(self):
        warn("closed")

@contextlib.contextmanager
def opened():
    with contextlib.closing(Closing()):
        yield

def close():
    with opened():
        pass

def pool(notice):
    with ThreadPoolExecutor(1) as thread:
        thread.submit(deep, notice, 2).result()

def back(function):
    function()
"""


@pytest.fixture
def inside() -> Any:
    """A module of the package."""
    module = types.ModuleType("ovdiar.made_up.module")
    exec(compile(INSIDE, "/package/ovdiar/made_up.py", "exec"), vars(module))  # noqa: S102
    return module


def lines(function: Callable[[], Any]) -> list[tuple[str, int]]:
    """Return where the warnings that a function issues point."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    assert {warning.category for warning in caught} == {OvdiarWarning}
    return [(warning.filename, warning.lineno) for warning in caught]


@pytest.mark.parametrize("depth", [0, 1, 2, 7, 50])
def test_a_warning_points_at_the_line_that_called_the_package(inside: Any, depth: int) -> None:
    def use() -> None:
        inside.deep("text", depth)

    assert lines(use) == [(__file__, use.__code__.co_firstlineno + 1)]


def test_a_context_manager_of_the_standard_library_is_not_the_user(inside: Any) -> None:
    def use() -> None:
        with inside.opened():
            pass

    assert [name for name, _ in lines(use)] == [__file__]


def test_a_function_of_the_user_that_is_called_back_is_the_user(inside: Any) -> None:
    def called_back() -> None:
        inside.deep("text", 3)

    def use() -> None:
        inside.back(called_back)

    assert lines(use) == [(__file__, called_back.__code__.co_firstlineno + 1)]


@pytest.mark.parametrize("within", [True, False], ids=["its own pool", "another pool"])
def test_without_code_of_the_user_a_thread_warns_where_it_called_the_package(
    inside: Any, *, within: bool
) -> None:
    def run() -> None:
        if within:
            inside.pool("text")
            return
        with ThreadPoolExecutor(1) as pool:
            pool.submit(inside.close).result()

    assert [Path(name).name for name, _ in lines(run)] == ["thread.py"]


@pytest.mark.parametrize("own", [True, False])
def test_a_thread_of_the_user_warns_at_its_own_line(inside: Any, *, own: bool) -> None:
    def use() -> None:
        inside.deep("text", 3)

    def run() -> None:
        if own:
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
        else:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(use).result()

    assert lines(run) == [(__file__, use.__code__.co_firstlineno + 1)]


def test_a_user_can_turn_a_warning_into_an_error_for_his_module_alone(inside: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module=__name__)
        with pytest.raises(OvdiarWarning, match="text"):
            inside.deep("text", 3)


def test_by_default_a_line_warns_once(inside: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            inside.deep("said once", 1)
    assert len(caught) == 1


def test_a_notice_is_warned_of_by_its_text() -> None:
    with pytest.warns(OvdiarWarning) as caught:
        warn(NOTICE)
    assert [str(warning.message) for warning in caught] == [NOTICE.text]
    assert caught[0].filename == __file__


def test_notices_are_equal_by_value_and_cannot_be_changed() -> None:
    same = Notice("unread-audio", NOTICE.text, {"bytes": 9})
    assert same == NOTICE
    assert dataclasses.replace(NOTICE, values={"bytes": 8}) != NOTICE
    with pytest.raises(dataclasses.FrozenInstanceError):
        NOTICE.code = "other"  # type: ignore[misc]


def test_a_notice_reads_as_its_text_and_needs_no_values() -> None:
    assert str(Notice("no-speech", "nobody speaks")) == "nobody speaks"
    assert Notice("no-speech", "nobody speaks").values == {}


@pytest.mark.parametrize("way", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301
def test_a_notice_travels_between_processes(way: Callable[[Notice], Notice]) -> None:
    assert way(NOTICE) == NOTICE
