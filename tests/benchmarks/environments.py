"""Make the virtual environments that the peers run in.

cd tests && python -m benchmarks.environments [FOLDER] [--only NAME ...] [--wheels FOLDER]

An environment lies at FOLDER/NAME and is left alone where it is already there; together they take
3 GB. Peers never run in the environment of ovdiar, which stays free of PyTorch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ENVIRONMENTS = {
    "pyannote": ("torch==2.13.0", "pyannote.audio==4.0.7", "soundfile", "onnx", "onnxscript"),
    "senko": (
        *("torch==2.13.0", "numpy", "scikit-learn", "umap-learn", "hdbscan", "numba"),
        *("silero-vad", "colour-science", "soundfile", "senko==0.2.2"),
    ),
    "sherpa": ("sherpa-onnx==2.0.1", "numpy", "soundfile"),
    "speakrs": ("speakrs==0.7.0", "numpy", "soundfile"),
}
"""What each needs, in the order in which pip gets it."""
CUDA_ONLY = ("torchaudio", "torchcodec")
"""Packages that come as CUDA builds: without their compiled parts they import on torch for CPU."""


def interpreter(folder: Path, name: str) -> Path:
    """Return where the interpreter of an environment is, or would be."""
    return (folder / name / "bin" / "python").absolute()


def make(folder: Path, name: str, wheels: Path | None = None) -> None:
    """Make one environment, unless it is there.

    Parameters
    ----------
    folder : where the environments lie
    name : one of `ENVIRONMENTS`
    wheels : a folder where pip finds wheels too
    """
    python = interpreter(folder, name)
    more = [] if wheels is None else ["--find-links", str(wheels)]
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        for package in ENVIRONMENTS[name]:  # torch first: what follows then leaves it alone
            subprocess.run([str(python), "-m", "pip", "install", "-q", *more, package], check=True)
    for package in CUDA_ONLY:
        for compiled in (folder / name).glob(f"lib/python*/site-packages/{package}/**/*.so"):
            compiled.rename(compiled.with_suffix(".so.away"))


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("environments"))
    parser.add_argument("--only", nargs="+", choices=ENVIRONMENTS, default=list(ENVIRONMENTS))
    parser.add_argument("--wheels", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    for name in options.only:
        make(options.folder, name, options.wheels)
        print(interpreter(options.folder, name))


if __name__ == "__main__":
    main()
