"""What a caller must know beside an answer, and warnings at the caller's own line."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovdiar.errors import OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Notice:
    """One thing that a caller must know, such as sound that was left out.

    Attributes
    ----------
    code : what it is about, in kebab case; it stays the same between versions
    text : one line, for people
    values : what the text says in numbers and words, for programs; plain values, as JSON has them
    """

    code: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return code, text and values, for JSON."""
        return {"code": self.code, "text": self.text, "values": dict(self.values)}


def warn(notice: Notice | str) -> None:
    """Issue an OvdiarWarning that points at the line of the user's code that called ovdiar."""
    frame = _frame_of_the_user(sys._getframe(1))  # noqa: SLF001 - inspect does the same, slowly
    warnings.warn_explicit(
        str(notice),
        OvdiarWarning,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=_module_of(frame),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _frame_of_the_user(frame: FrameType) -> FrameType:
    """Return the innermost frame of code that is neither ovdiar's nor of the standard library.

    Context managers of the standard library stand between ovdiar's own frames. A thread may hold no
    code of the user at all: then it is the frame that called ovdiar.
    """
    outside = None
    caller: FrameType | None = frame
    while caller is not None:
        root = _module_of(caller).partition(".")[0]
        if root == PACKAGE:
            outside = caller.f_back
        elif root not in sys.stdlib_module_names:
            return caller
        caller = caller.f_back
    return outside or frame


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
