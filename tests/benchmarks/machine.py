"""What a benchmark ran on, and where its table stands in a page."""

from __future__ import annotations

import os
import platform
import re
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ovdiar.networks.runtime import import_openvino


def describe() -> str:
    """Name the processor, its cores and the versions that matter."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("openvino", "numpy", "scipy"))
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def _processor() -> str:
    """Name the processor, and its widest vectors, which decide how fast networks can be."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*:\s*(.*)", text)
    vectors = next((v for v in ("avx512f", "avx2", "asimd") if re.search(rf"\b{v}\b", text)), "")
    return f"{name[1] if name else platform.machine()} ({vectors})"


def sgemm_gflops(size: int = 2048, rounds: int = 7) -> float:
    """Measure how fast OpenVINO multiplies float32 matrices on all cores: the best of some."""
    openvino = import_openvino()
    op = openvino.opset13
    matrix = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
    source = op.parameter([size, size], np.float32)
    product = op.matmul(source, matrix, transpose_a=False, transpose_b=False)
    model = openvino.Model([product], [source], "product")
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        request.infer([matrix])
        times.append(time.perf_counter() - begin)
    return float(2 * size**3 / min(times) / 1e9)


def put(page: Path, mark: str, text: str) -> None:
    """Put a table between its marks ``<!-- mark: ... -->`` and ``<!-- /mark -->`` in a page."""
    content = page.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {mark}: [^\n]*-->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    new, count = marked.subn(lambda found: f"{found[1]}{text.strip()}\n{found[2]}", content)
    if not count:
        raise SystemExit(f"{page} has no marks <!-- {mark}: ... --> and <!-- /{mark} -->")
    page.write_text(new, encoding="utf-8")
