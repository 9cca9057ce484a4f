"""Diarize archives: every core of one machine, or a cluster, with one outcome per recording.

`Diarize` does the same for tables of recordings, as Ray Data, Dask and Spark hand them out.
"""

from ovdiar.batch.archive import Archive, Summary
from ovdiar.batch.local import LocalEngine
from ovdiar.batch.outputs import Outputs
from ovdiar.batch.pool import TimeLimit
from ovdiar.batch.table import Diarize

__all__ = ["Archive", "Diarize", "LocalEngine", "Outputs", "Summary", "TimeLimit"]
