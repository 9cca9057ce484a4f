"""A network's tensors, handed out by name and checked on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"


@dataclass(frozen=True, eq=False)
class Weights:
    """The part of a state dict whose names start with ``prefix``.

    Tensors that nobody asks for (losses, optimizer state, batch counters) are ignored.
    """

    tensors: Mapping[str, NDArray[Any]]
    prefix: str = ""

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a tensor."""
        return self.prefix + name in self.tensors

    def below(self, prefix: str) -> Weights:
        """Give the tensors of one submodule, ``prefix`` with its final dot."""
        return Weights(self.tensors, self.prefix + prefix)

    def take(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
        """Return one tensor as contiguous float32; None in ``shape`` admits any positive size.

        Raises
        ------
        ModelError
            The tensor is missing, is no array of numbers, has another shape, or is not finite.
        """
        full = self.prefix + name
        if full not in self.tensors:
            raise ModelError(
                f"the checkpoint has no tensor {full!r} of shape {_show(shape)}: "
                "check that the file holds the architecture that was asked for"
            )
        found = np.asarray(self.tensors[full])
        if len(found.shape) != len(shape) or any(
            size < 1 or wanted not in (None, size)
            for size, wanted in zip(found.shape, shape, strict=True)
        ):
            raise ModelError(
                f"tensor {full!r} has shape {_show(found.shape)}, wanted {_show(shape)}: "
                "check that the file holds the architecture that was asked for"
            )
        if found.dtype.kind not in "fiu":
            raise ModelError(
                f"tensor {full!r} holds {found.dtype}, wanted floating-point numbers: "
                "fetch the checkpoint again"
            )
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(found, dtype=np.float32)
        if not np.isfinite(array).all():
            raise ModelError(
                f"tensor {full!r} holds numbers that are not finite in float32: "
                "fetch the checkpoint again"
            )
        return array

    def count(self, template: str) -> int:
        """Count the tensors ``template.format(0)``, ``template.format(1)``, … without a gap."""
        number = 0
        while template.format(number) in self:
            number += 1
        return number
