"""Search for hyper-parameters on one's own recordings, and measure their gain on held-out ones.

The networks run once over every recording; a trial only repeats the back end.
"""

from ovdiar.tuning.corpus import Sample, read_corpus
from ovdiar.tuning.outcome import Tuning
from ovdiar.tuning.search import tune

__all__ = ["Sample", "Tuning", "read_corpus", "tune"]
