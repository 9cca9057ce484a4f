"""A process that was forked after its parent ran networks runs them, too."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
import ovdiar
pipeline = ovdiar.SpeakerDiarization(ovdiar.load(sys.argv[1]))
wanted = pipeline(sys.argv[2]).speaker_diarization.turns
child = os.fork()
if not child:
    same = pipeline(sys.argv[2]).speaker_diarization.turns == wanted
    sys.exit(0 if same else 5)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(status, pipeline(sys.argv[2]).speaker_diarization.turns == wanted)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_answers_as_its_parent_did_and_both_end(tiny: Path, excerpt: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tiny), str(excerpt)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout == "0 True\n"


LOCKED = """
import os, sys, threading
from pathlib import Path
import numpy as np
from ovdiar.networks.runtime import Network
network = Network(Path(sys.argv[1]))
silence = np.zeros((1, 80000), np.float32)
network(silence)
with network._running, network._lock:
    child = os.fork()
    if not child:
        sys.exit(0 if network(silence).shape == (1, 293, 3) else 5)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_does_not_wait_for_a_thread_of_its_parent(tiny: Path) -> None:
    network = tiny / "segmentation" / "openvino_model.xml"
    command = [sys.executable, "-c", LOCKED, str(network)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout == "0\n"
