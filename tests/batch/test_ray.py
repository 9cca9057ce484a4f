"""A Ray cluster gives the local engine's answers, also when one of its nodes is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing

from ovdiar.batch import Archive, Outputs
from ovdiar.batch.inline import InlineEngine

if TYPE_CHECKING:
    from pathlib import Path

    import ovdiar

CLUSTER = """
import socket
import sys
import time
import ray
from ray.cluster_utils import Cluster
import ovdiar
from ovdiar.batch import Archive, Outputs
from ovdiar.batch.ray_engine import RayEngine

bundle, talks, out = sys.argv[1:]
PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port",
         "runtime_env_agent_port")

def node():
    # A node gives up when its agents have not told their ports after some seconds; they are slow
    # to start where other processes have the cores.
    sockets = [socket.create_server(("", 0)) for _ in PORTS]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return {"num_cpus": 1, **dict(zip(PORTS, ports))}

cluster = Cluster(initialize_head=True, head_node_args=node())
nodes = [cluster.add_node(**node()) for _ in range(2)]
cluster.wait_for_nodes()
done = []

def observe(row, job):
    done.append(row["uri"])
    if len(done) == 3:
        cluster.remove_node(nodes[0], allow_graceful=False)

pipeline = ovdiar.SpeakerDiarization(ovdiar.load(bundle))
archive = Archive([talks], pipeline, Outputs(out, ("rttm", "json")))
summary = archive.run(engine=RayEngine(cluster.address, actors=3), observe=observe)
ray.init(address=cluster.address, log_to_driver=False)
alive, patience = 3, time.monotonic() + 120
while alive > 2 and time.monotonic() < patience:  # a lost node is noticed by its missed beats
    time.sleep(0.2)
    alive = sum(each["Alive"] for each in ray.nodes())
print(summary.done, summary.failed, len(done), alive)
ray.shutdown()
cluster.shutdown()
"""


def test_three_nodes_of_which_one_is_lost_give_the_answers_of_one_process(
    talks: Path, tiny: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    if find_spec("ray") is None:
        missing("ray is missing: pip install ray[data]")
    calls = tmp_path / "calls"
    calls.mkdir()
    for path in talks.iterdir():
        for number in range(2):
            (calls / f"{path.stem}-{number}{path.suffix}").write_bytes(path.read_bytes())
    command = [sys.executable, "-c", CLUSTER, str(tiny), str(calls), str(tmp_path / "ray")]
    patient = {**os.environ, "RAY_raylet_start_wait_time_s": "200"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=900, env=patient
    )
    assert done.stdout.splitlines()[-1:] == ["6 4 10 2"], done.stderr[-3000:]
    local = Outputs(str(tmp_path / "one"), ("rttm", "json"))
    Archive([calls], pipeline, local).run(engine=InlineEngine())
    assert outputs(tmp_path / "ray") == outputs(tmp_path / "one")


def outputs(folder: Path) -> dict[str, Any]:
    """Read the outputs, and of the rows what does not depend on the machine."""
    found: dict[str, Any] = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != "results.jsonl"
    }
    for line in (folder / "results.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["uri"]] = [row["status"], row["settings"], row.get("content"), row.get("error")]
    return found


def test_without_ray_the_engine_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from ovdiar.batch.ray_engine import RayEngine
    from ovdiar.errors import MissingPackageError

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r'pip install "ovdiar\[cluster\]"'):
        RayEngine()
