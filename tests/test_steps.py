"""Steps tell a hook, if there is one."""

from __future__ import annotations

from typing import Any

from ovdiar.pipelines.steps import Steps


class Diary:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(
        self,
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        self.calls.append((step_name, step_artifact, file, total, completed))


def test_progress_has_no_artifact() -> None:
    diary = Diary()
    Steps(diary, "a.wav").progress("embeddings")(completed=2, total=7)
    assert diary.calls == [("embeddings", None, "a.wav", 7, 2)]


def test_an_outcome_has_no_progress() -> None:
    diary = Diary()
    Steps(diary, "a.wav").done("embeddings", [1])
    assert diary.calls == [("embeddings", [1], "a.wav", None, None)]


def test_without_a_hook_nobody_is_told() -> None:
    steps = Steps(None, "a.wav")
    steps.progress("embeddings")(completed=2, total=7)
    steps.done("embeddings", [1])
