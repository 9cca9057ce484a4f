"""One part of each architecture, from random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar_export.checkpoints.checkpoint import Checkpoint
from ovdiar_export.checkpoints.records import Record
from ovdiar_export.parts import Part, embedding_part, segmentation_part
from reference import random_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


def segmentation(tensors: Mapping[str, NDArray[Any]], powerset: int | None) -> Part:
    state = {"duration": 5.0, "classes": list("abc"), "powerset_max_classes": powerset}
    about = {"specifications": Record("Specifications", state=state)}
    return segmentation_part(Checkpoint(tensors, {"pyannote.audio": about}))


def embedding(tensors: Mapping[str, NDArray[Any]]) -> Part:
    return embedding_part(Checkpoint(tensors, {}))


def x_vector() -> random_weights.Tensors:
    tensors = random_weights.xvector_mfcc() | random_weights.sincnet()
    del tensors["mfcc.dct_mat"]
    tensors |= random_weights.fill({"tdnns.0.weight": (512, 60, 5)})
    return tensors


PARTS: dict[str, tuple[Callable[[], random_weights.Tensors], Callable[[Any], Part], str]] = {
    "sigmoid": (
        lambda: random_weights.pyannet(classes=3),
        lambda tensors: segmentation(tensors, None),
        "linear.1.weight",
    ),
    "powerset": (
        random_weights.pyannet,
        lambda tensors: segmentation(tensors, 2),
        "lstm.weight_hh_l1_reverse",
    ),
    "GE2E": (lambda: random_weights.ge2e(dimension=256), embedding, "lstm.weight_hh_l0"),
    "WeSpeaker": (
        lambda: random_weights.resnet((3, 4, 6, 3), bottleneck=False, width=4),
        embedding,
        "resnet.layer3.1.conv2.weight",
    ),
    "XVectorSincNet": (x_vector, embedding, "sincnet.conv1d.0.filterbank.low_hz_"),
    "XVectorMFCC": (random_weights.xvector_mfcc, embedding, "mfcc.dct_mat"),
    "ECAPA-TDNN": (
        lambda: random_weights.ecapa((16, 16, 16, 16, 24)),
        embedding,
        "asp.conv.conv.weight",
    ),
    "CAM++": (
        lambda: random_weights.campplus((2, 1, 1), growth=8),
        embedding,
        "xvector.block1.tdnnd2.cam_layer.linear1.weight",
    ),
}
"""State dict, maker of the part, and a tensor whose change must be noticed."""
