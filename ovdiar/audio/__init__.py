"""Audio input and output: decoding, mixing, resampling, block-wise reading and encoding.

`load` reads a recording; it is imported when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovdiar.audio.reading import load

__all__ = ["load"]

if not TYPE_CHECKING:  # so that type checkers refuse unknown names

    def __getattr__(name: str) -> object:
        """Import `load` from its home."""
        if name != "load":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ovdiar.audio.reading import load  # noqa: PLC0415

        return load
