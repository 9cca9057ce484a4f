"""Hyper-parameters found on one's own recordings, and what they gain on recordings not seen.

The networks run once over every recording; a trial costs only what comes after them.
"""

from ovdiar.tuning.corpus import Sample, read_corpus
from ovdiar.tuning.outcome import Tuning
from ovdiar.tuning.search import tune

__all__ = ["Sample", "Tuning", "read_corpus", "tune"]
