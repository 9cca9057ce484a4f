"""Commands run within the test's own process, and what they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    Run = Callable[..., "Answer"]


class Answer(NamedTuple):
    """Exit status, standard output, standard error."""

    status: int | str | None
    out: str
    err: str

    def is_complaint(self) -> bool:
        """Tell whether it failed as a command of ours may: status 2, one line, nothing else."""
        return (
            self.status == 2
            and self.out == ""
            and self.err.endswith("\n")
            and len(self.err.splitlines()) == 1
            and "Traceback" not in self.err
        )


def answer_of(
    main: Callable[[Sequence[str]], int], capsys: pytest.CaptureFixture[str], *arguments: object
) -> Answer:
    """Run a command's ``main`` with arguments of any type."""
    capsys.readouterr()
    status: int | str | None
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's way
        status = end.code
    return Answer(status, *capsys.readouterr())
