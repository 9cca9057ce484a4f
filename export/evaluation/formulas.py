"""Answer for every architecture from its formulas, in double precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import campplus, ecapa, ge2e, pyannet, wespeaker, xvector
from .layers import linear, log_softmax, sigmoid
from .pooling import pool
from .sincnet import stride_of

if TYPE_CHECKING:
    from .layers import Array, Tensors
    from .probe import Answers, Probe


def answer(probe: Probe, tensors: Tensors) -> Answers:
    """Evaluate the architecture that the probe names."""
    return ANSWERS[probe.entry["architecture"]](probe, np.float64(probe.waveform), tensors)


def _pyannet(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    stride = stride_of(probe.entry["frames"]["step"])
    logits = pyannet.logits(waveform, tensors, stride=stride, rate=probe.rate)
    powerset = probe.entry["powerset"] is not None
    return {"scores": log_softmax(logits) if powerset else sigmoid(logits)}


def _wespeaker(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    return _pooled(probe, wespeaker.features(waveform, tensors), tensors, "resnet.seg_1")


def _xvector(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    stride = stride_of(probe.entry["hop_samples"])
    features = xvector.features(waveform, tensors, stride=stride, rate=probe.rate)
    return _pooled(probe, features, tensors, "embedding")


def _pooled(probe: Probe, features: Array, tensors: Tensors, head: str) -> Answers:
    statistics = np.stack([pool(features, mask) for mask in probe.masks])
    return {"features": features.T, "vectors": linear(statistics, tensors, head)}


def _ge2e(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    features = ge2e.features(waveform)
    vectors = [ge2e.embedding(piece, tensors) for piece in probe.pieces(features)]
    return {"features": features, "vectors": np.stack(vectors)}


def _ecapa(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    features = ecapa.features(waveform)
    vectors = [ecapa.embedding(piece, tensors) for piece in probe.pieces(features)]
    return {"features": features, "vectors": np.stack(vectors)}


def _campplus(probe: Probe, waveform: Array, tensors: Tensors) -> Answers:
    features = campplus.features(waveform)
    vectors = [campplus.embedding(piece, tensors) for piece in probe.pieces(features)]
    return {"features": features, "vectors": np.stack(vectors)}


ANSWERS = {
    "PyanNet": _pyannet,
    "WeSpeakerResNet": _wespeaker,
    "XVector": _xvector,
    "GE2E": _ge2e,
    "ECAPA-TDNN": _ecapa,
    "CAM++": _campplus,
}
