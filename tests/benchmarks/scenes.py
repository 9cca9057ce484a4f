"""Print the error rates of a bundle on simulated conversations, group by group.

cd tests && python -m benchmarks.scenes FOLDER [--models NAME] [--groups GROUP ...] [--true-count]

FOLDER keeps the conversations, 208 in 14 groups, 825 minutes; those that are there are not made
again. Groups are rooms, telephones, music, numbers of speakers and the like, so that whole ones
can be left out when something is chosen. Needs the reference material.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.conversations import Scene, write

import ovdiar
from ovdiar import SpeakerDiarization
from ovdiar.errors import OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.metrics import DiarizationErrors, diarization_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

TELEPHONE = (300.0, 3400.0)


def _near(rng: Generator) -> dict[str, Any]:
    return {"speakers": int(rng.integers(2, 7)), "seconds": rng.uniform(60, 300)}


def _rooms(rng: Generator) -> dict[str, Any]:
    return _near(rng) | {
        "rt60_s": (0.2, rng.uniform(0.3, 0.9)),
        "direct_db": (0.0, 10.0),
        "snr_db": rng.uniform(15, 30),
    }


def _meetings(rng: Generator) -> dict[str, Any]:
    return {
        "speakers": int(rng.integers(3, 9)),
        "seconds": rng.uniform(120, 360),
        "overlap": 0.5,
        "interjections": 0.25,
        "phrases": 0.7,
        "evenness": 1.5,
        "rt60_s": (0.3, 0.7),
        "direct_db": (-3.0, 5.0),
        "snr_db": rng.uniform(10, 20),
        "level_db": -20.0,
    }


def _telephone(rng: Generator) -> dict[str, Any]:
    codecs = [("ulaw",), ("gsm",), ("adpcm",), ("gsm", "ulaw"), ("adpcm", "gsm")]
    return {
        "speakers": 2 if rng.random() < 0.8 else 3,
        "seconds": rng.uniform(90, 300),
        "overlap": rng.uniform(0.2, 0.5),
        "handset_db": rng.uniform(1, 5),
        "shared_microphone": bool(rng.random() < 0.3),
        "bands": (TELEPHONE,),
        "codecs": codecs[rng.integers(len(codecs))],
        "whole_codec": str(rng.choice(["", "gsm", "mp3"])),
        "snr_db": rng.uniform(15, 35),
        "noise": str(rng.choice(["pink", "hum"])),
        "alike": bool(rng.random() < 0.3),
    }


def _online(rng: Generator) -> dict[str, Any]:
    return _near(rng) | {
        "handset_db": 4.0,
        "shared_microphone": False,
        "rt60_s": (0.05, 0.5),
        "direct_db": (3.0, 15.0),
        "bands": ((60.0, 7500.0), TELEPHONE, (100.0, 5500.0)),
        "codecs": ("opus", "gsm", "mp3", "opus", ""),
        "snr_db": rng.uniform(20, 35),
    }


def _music(rng: Generator) -> dict[str, Any]:
    return _near(rng) | {"noise": "music", "snr_db": rng.uniform(5, 15)}


def _noise(rng: Generator) -> dict[str, Any]:
    noise = str(rng.choice(["pink", "babble", "babble", "hum"]))
    return _rooms(rng) | {"noise": noise, "snr_db": rng.uniform(4, 12)}


def _many(rng: Generator) -> dict[str, Any]:
    speakers = int(rng.integers(8, 21))
    return {
        "speakers": speakers,
        "seconds": rng.uniform(25, 40) * speakers,
        "rt60_s": (0.1, 0.4),
        "direct_db": (3.0, 12.0),
        "snr_db": rng.uniform(15, 30),
    }


def _uneven(rng: Generator) -> dict[str, Any]:
    return _rooms(rng) | {"speakers": int(rng.integers(3, 9)), "evenness": 0.5}


def _short(rng: Generator) -> dict[str, Any]:
    made = [_near, _rooms, _telephone, _noise][rng.integers(4)](rng)
    return made | {"speakers": int(rng.integers(1, 5)), "seconds": rng.uniform(30, 60)}


def _long(rng: Generator) -> dict[str, Any]:
    made = [_near, _meetings, _telephone, _online][rng.integers(4)](rng)
    return made | {"seconds": rng.uniform(900, 1800)}


def _alone(rng: Generator) -> dict[str, Any]:
    made = [_near, _rooms, _telephone, _music][rng.integers(4)](rng)
    return made | {"speakers": 1, "alike": False, "seconds": rng.uniform(60, 240)}


def _broadcast(rng: Generator) -> dict[str, Any]:
    return {
        "speakers": int(rng.integers(4, 11)),
        "seconds": rng.uniform(120, 360),
        "overlap": 0.1,
        "phrases": 2.0,
        "evenness": 0.8,
        "handset_db": 4.0,
        "shared_microphone": False,
        "rt60_s": (0.05, 0.5),
        "bands": ((50.0, 7800.0), (50.0, 7800.0), (200.0, 4500.0), TELEPHONE),
        "noise": "music" if rng.random() < 0.5 else "pink",
        "snr_db": rng.uniform(12, 30),
        "jingles": 3,
        "whole_codec": "mp3",
    }


def _alike(rng: Generator) -> dict[str, Any]:
    made = [_near, _rooms, _online][rng.integers(3)](rng)
    return made | {"speakers": int(rng.integers(2, 5)), "alike": True}


GROUPS = {
    "near": (_near, 16),
    "rooms": (_rooms, 16),
    "meetings": (_meetings, 14),
    "telephone": (_telephone, 28),
    "online": (_online, 14),
    "music": (_music, 12),
    "noise": (_noise, 14),
    "many": (_many, 14),
    "uneven": (_uneven, 14),
    "short": (_short, 24),
    "long": (_long, 8),
    "alone": (_alone, 8),
    "broadcast": (_broadcast, 12),
    "alike": (_alike, 14),
}
"""How a group's scenes are drawn, and how many there are."""


def scenes() -> Iterator[Scene]:
    """List the scenes of all groups."""
    for number, (group, (draw, count)) in enumerate(GROUPS.items()):
        for index in range(count):
            seed = 1000 * number + index
            drawn = draw(np.random.default_rng([7, seed]))
            name = f"{group}_{index:02d}_{drawn['speakers']}spk"
            yield Scene(group=group, name=name, seed=seed, **drawn)


def _cell(errors: DiarizationErrors, right: int, count: int) -> str:
    confusion = errors.confusion_s / errors.total_s
    return f"{100 * errors.rate:.1f} ({100 * confusion:.1f}) | {right}/{count}"


def main() -> None:
    """Print a row for each group, and one for all: DER (confusion), % | right numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", help="a bundle; by default that of ovdiar.load()")
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--true-count", action="store_true", help="give the number of speakers")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    pipeline = SpeakerDiarization(ovdiar.load(options.models))
    total, all_right, everything = DiarizationErrors(), 0, 0
    for group in options.groups:
        errors, right, count = DiarizationErrors(), 0, 0
        for scene in scenes():
            if scene.group == group:
                audio = write(scene, options.folder)
                (truth,) = rttm.load(audio.with_suffix(".rttm")).values()
                spoken = len(truth.labels())
                given = spoken if options.true_count else None
                found = pipeline(audio, num_speakers=given).speaker_diarization
                errors += diarization_errors(truth, found)
                right += len(found.labels()) == spoken
                count += 1
        print(f"| {group} | {_cell(errors, right, count)} |", flush=True)
        total, all_right, everything = total + errors, all_right + right, everything + count
    print(f"| all | {_cell(total, all_right, everything)} |")


if __name__ == "__main__":
    main()
