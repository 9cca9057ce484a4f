"""Notices of audio that could not be decoded."""

from __future__ import annotations

from ovdiar.notices import Notice

INCOMPLETE, UNREAD = "incomplete-audio", "unread-audio"
DAMAGED, GAPS = "damaged-audio", "gaps-in-audio"
LOSSES = frozenset({INCOMPLETE, UNREAD, DAMAGED, GAPS})
"""Codes of the notices that ``strict`` turns into errors."""


def incomplete(name: str, heard_s: float, announced_s: float | None, reason: str) -> Notice:
    """Return the notice of a recording that ends before its stated end.

    Parameters
    ----------
    name
        Name of the audio in messages.
    heard_s
        Duration that was decoded, in seconds.
    announced_s
        Duration that the file states, in seconds; None if it states none.
    reason
        What the decoder found.
    """
    of = "" if announced_s is None else f" of {announced_s:.3f} s"
    values = {
        "audio": name,
        "heard_s": round(heard_s, 3),
        "announced_s": None if announced_s is None else round(announced_s, 3),
        "reason": reason,
    }
    text = f"{name}: {heard_s:.3f} s{of} were heard ({reason}): copy or record it again for all"
    return Notice(INCOMPLETE, text, values)
