"""A table of recordings in, a table of outcomes out, whoever hands it out."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.material import missing

import ovdiar
from ovdiar import formats
from ovdiar.batch import Diarize, Outputs, TimeLimit
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def table(talks: Path) -> dict[str, Any]:
    """Describe three recordings, one of them missing and one misspelt."""
    return {
        "path": [str(talks / "talk0.wav"), str(talks / "none.wav"), str(talks / "talk1.wav"), ""],
        "uri": ["a", None, "b", "c"],
        "num_speakers": [None, None, 1, None],
    }


def test_every_row_has_an_outcome_in_order(
    table: dict[str, Any], talks: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    diarize = Diarize(pipeline, formats=("rttm", "srt"))
    found = diarize(table)
    assert list(found) == diarize.columns
    assert list(found["uri"]) == ["a", "none", "b", "c"]
    assert list(found["status"]) == ["done", "failed", "done", "failed"]
    assert list(found["error_code"]) == ["", "audio-not-found", "", "format"]
    assert found["speakers"][2] == 1
    assert list(found["speakers"][[1, 3]]) == [-1, -1]
    assert np.array_equal(found["duration_s"], [6.0, np.nan, 5.0, np.nan], equal_nan=True)
    expected = pipeline({"audio": talks / "talk0.wav", "uri": "a"})
    assert found["rttm"][0] == formats.dumps(expected.speaker_diarization, "rttm")
    assert found["rttm"][1] == ""
    assert json.loads(found["row"][1])["error"]["code"] == "audio-not-found"


def test_a_data_frame_comes_out_as_one(
    table: dict[str, Any], pipeline: ovdiar.SpeakerDiarization
) -> None:
    pandas = pytest.importorskip("pandas")
    diarize = Diarize(pipeline)
    frame = pandas.DataFrame(table, index=[7, 5, 3, 1])
    found = diarize(frame)
    assert list(found.index) == [7, 5, 3, 1]
    assert list(found["status"]) == ["done", "failed", "done", "failed"]
    assert list(found.dtypes) == list(diarize.meta.dtypes)
    assert [len(each) for each in diarize.tables([frame[:1], frame[:0]])] == [1, 0]


def test_an_arrow_table_comes_out_as_one(
    table: dict[str, Any], pipeline: ovdiar.SpeakerDiarization
) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    diarize = Diarize(pipeline)
    found = diarize(pyarrow.table(table))
    assert type(found) is pyarrow.Table
    assert found.column_names == diarize.columns
    assert found["rttm"].to_pylist() == list(diarize(table)["rttm"])


def test_the_outputs_go_to_a_folder_and_not_into_the_table(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    diarize = Diarize(pipeline, output=tmp_path, limit=TimeLimit())
    found = diarize({"path": [str(talks / "talk0.wav")]})
    assert "rttm" not in found
    expected = pipeline({"audio": talks / "talk0.wav", "uri": "talk0"}).speaker_diarization
    assert (tmp_path / "talk0.rttm").read_text("utf-8") == formats.dumps(expected, "rttm")


def test_without_a_limit_a_folder_is_written_by_this_process(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    given = {"path": [str(talks / "talk0.wav")]}
    found = Diarize(pipeline, formats=("rttm", "json"), output=tmp_path)(given)
    assert json.loads(found["row"][0])["outputs"] == ["talk0.rttm", "talk0.json"]
    expected = pipeline({"audio": talks / "talk0.wav", "uri": "talk0"})
    assert json.loads((tmp_path / "talk0.json").read_text("utf-8")) == expected.serialize()


def test_it_travels_as_a_specification(pipeline: ovdiar.SpeakerDiarization, talks: Path) -> None:
    diarize = Diarize(pipeline)
    diarize({"path": [str(talks / "talk0.wav")]})
    assert len(pickle.dumps(diarize)) < 4096


def test_what_needs_a_folder_is_refused_without(pipeline: ovdiar.SpeakerDiarization) -> None:
    for given in ({"keep": True}, {"embeddings": True}, {"limit": TimeLimit()}):
        with pytest.raises(ConfigError, match="need a folder"):
            Diarize(pipeline, **given)
    with pytest.raises(ConfigError, match="unknown"):
        Diarize(pipeline, formats=("xml",))
    assert Outputs("out").names("a") == ["a.rttm"]


def test_spark_reads_the_schema(pipeline: ovdiar.SpeakerDiarization) -> None:
    schema = Diarize(pipeline).schema
    assert schema.startswith("`uri` string, `path` string")
    assert schema.endswith("`rttm` string")


DASK = """
import sys
import dask, dask.dataframe as dd, pandas as pd
from ovdiar.batch import Diarize
bundle, talks = sys.argv[1:]
names = ["talk0.wav", "none.wav", "talk1.wav", "talk2.wav"]
frame = pd.DataFrame({"path": [f"{talks}/{name}" for name in names]})
diarize = Diarize(bundle)
with dask.config.set(scheduler="processes", num_workers=2):
    parts = dd.from_pandas(frame, npartitions=2)
    found = parts.map_partitions(diarize, meta=diarize.meta).compute()
print(",".join(found["status"]), found["rttm"].str.len().gt(0).sum())
"""


def test_dask_maps_it_over_partitions_in_processes(talks: Path, tiny: Path, tmp_path: Path) -> None:
    if find_spec("dask") is None:
        missing("dask is missing: pip install dask[dataframe]")
    script = tmp_path / "with_dask.py"
    script.write_text(f"if __name__ == '__main__':\n{_indented(DASK)}")
    command = [sys.executable, str(script), str(tiny), str(talks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["done,failed,done,done", "3"]


SPARK = """
import sys
from pyspark.sql import SparkSession
from ovdiar.batch import Diarize
bundle, talks = sys.argv[1:]
names = ["talk0.wav", "none.wav", "talk1.wav", "talk2.wav"]
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
spark = session.config("spark.driver.host", "127.0.0.1").getOrCreate()
frame = spark.createDataFrame([(f"{talks}/{name}",) for name in names], "path string")
diarize = Diarize(bundle)
found = frame.repartition(2).mapInPandas(diarize.tables, diarize.schema).toPandas()
found = found.sort_values("path")
print(",".join(found["status"]), found["rttm"].str.len().gt(0).sum(), found["speakers"].min())
"""


def test_spark_maps_it_over_tables_in_processes(talks: Path, tiny: Path) -> None:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("Spark is missing: pip install pyspark[sql], and a Java runtime")
    command = [sys.executable, "-c", SPARK, str(tiny), str(talks)]
    python = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **python}
    )
    assert done.stdout.split() == ["failed,done,done,done", "3", "-1"], done.stderr[-3000:]


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.strip().splitlines())
