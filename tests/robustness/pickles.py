"""Damaged and hostile checkpoints: each is read as arrays, or refused, and nothing is executed.

Run ``python -m robustness.pickles --count 7000 --seed 0`` in ``tests/``; it prints a table as JSON,
and its exit status is 1 if there is any fault. Ctrl-C ends it with the table so far.
"""

from __future__ import annotations

import argparse
import pickle
import pickletools
import sys
import tracemalloc
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from reference.torch_files import (
    Call,
    Name,
    archive,
    entries_of,
    safe_form,
    stream_form,
    tensor_of,
    zip_form,
)

from robustness.outcomes import Tally, report

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_MEMORY = 64e6
"""Bytes that reading a file of a few kilobytes may take."""
OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
MODULES = ("os", "posix", "builtins", "subprocess", "torch._utils", "collections", "numpy", "a.b")
NAMES = ("system", "eval", "exec", "Popen", "_rebuild_tensor_v2", "OrderedDict", "ndarray", "x")


def _root(random: Random, victim: Path) -> Any:
    """Draw what a checkpoint holds: arrays, plain values, and objects that call names."""
    state: OrderedDict[str, Any] = OrderedDict()
    for number in range(random.randint(1, 4)):
        shape = [random.randint(0, 4) for _ in range(random.randint(0, 3))]
        kind = random.choice((np.float32, np.float16, np.float64, np.int64, np.uint8))
        state[f"layer{number}.weight"] = tensor_of(np.ones(shape, kind))
    call = Call(Name(random.choice(MODULES), random.choice(NAMES)), (f"touch '{victim}'",))
    places: list[Any] = [{}, {"task": call}, {"deep": [[{"a": (1, None, 2.5, b"b", call)}]]}]
    return {"state_dict": state, "hyper_parameters": random.choice(places)}


def _program(random: Random) -> bytes:
    """Draw a pickle of opcodes as they fall, with arguments as they fall."""
    parts = [b"\x80", bytes([random.randint(0, 6)])]
    for _ in range(random.randint(1, 60)):
        parts.append(random.choice(OPCODES))
        argument = random.choice((b"", b"\x01", b"\x00\x00\x00\x80", b"\xff" * 8, b"1\n", b"os\n"))
        name = f"{random.choice(MODULES)}\n{random.choice(NAMES)}\n".encode()
        parts.append(random.choice((b"", argument, name)))
    return b"".join(parts) + pickle.STOP


def _opcodes(root: Any, random: Random) -> bytes:
    del root
    return archive([("archive/data.pkl", _program(random)), ("archive/byteorder", b"little")])


def _inside(root: Any, random: Random) -> bytes:
    """Damage the pickle before it is packed, so that the archive's checksums hold."""
    entries = dict(entries_of(root, random.choice((2, 4))))
    data = bytearray(entries["archive/data.pkl"])
    for _ in range(random.randint(1, 4)):
        data = _mutated(data, random) if data else data
    return archive({**entries, "archive/data.pkl": bytes(data)}.items())


def _safetensors(root: Any, random: Random) -> bytes:
    del random
    return safe_form(root["state_dict"], {"format": "pt"})


FORMS: dict[str, Callable[[Any, Random], bytes]] = {
    "zip": lambda root, random: zip_form(root, random.choice((2, 4))),
    "stream": lambda root, random: stream_form(root, random.choice((2, 4))),
    "safetensors": _safetensors,
    "pickle": _inside,
    "opcodes": _opcodes,
}


WHOLE = ("pickle", "opcodes")
"""Kinds whose archive is left whole."""


def _mutated(data: bytearray, random: Random) -> bytearray:
    """Flip, cut, insert, overwrite or exchange a few bytes, or write a number."""
    start = random.randrange(len(data))
    end = start + random.randint(0, 16)
    match random.choice(("flip", "cut", "rest", "insert", "overwrite", "repeat", "number")):
        case "flip":
            data[start] ^= 1 << random.randrange(8)
        case "cut":
            del data[start:end]
        case "rest":
            del data[start:]
        case "insert":
            data[start:start] = random.randbytes(end - start)
        case "overwrite":
            data[start:end] = random.randbytes(end - start)
        case "repeat":
            data[start:start] = data[start:end] * random.choice((2, 100))
        case "number":
            size = random.choice((1, 2, 4, 8))
            value = random.choice((0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size) - 1))
            data[start : start + size] = value.to_bytes(size, "little")
    return data


def damaged(kind: str, number: int, seed: int, victim: Path) -> bytes:
    """Draw a checkpoint of a kind, and damage it up to four times; ``victim`` must not appear."""
    random = Random(f"{seed} {kind} {number}")  # noqa: S311 - not for secrets
    data = bytearray(FORMS[kind](_root(random, victim), random))
    for _ in range(0 if kind in WHOLE else random.randint(0, 4)):
        if data:
            data = _mutated(data, random)
    return bytes(data)


def read(path: Path, victim: Path) -> None:
    """Read a checkpoint; nothing may appear beside it, and memory must be in bounds."""
    tracemalloc.start()
    try:
        read_checkpoint(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if victim.exists() or peak > MAX_MEMORY:
            raise RuntimeError(f"executed: {victim.exists()}, {peak:.0f} bytes of memory")


def run(count: int, seed: int) -> dict[str, Tally]:
    """Read so many damaged checkpoints, as many of each kind."""
    tallies = {kind: Tally() for kind in FORMS}
    kinds = list(FORMS)
    with TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        path, victim = Path(folder, "checkpoint"), Path(folder, "victim")
        for number in range(count):
            kind = kinds[number % len(kinds)]
            path.write_bytes(damaged(kind, number, seed, victim))
            tallies[kind].attempt(f"{kind} {number}", partial(read, path, victim))
    return tallies


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Read damaged checkpoints.")
    parser.add_argument("--count", type=int, default=7000, help="number of files")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    return report(run(options.count, options.seed), count=options.count, seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
