"""The restricted unpickler: inert whatever a pickle says, and bounded in time and memory."""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import struct
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovdiar_export.checkpoints.pickles import MAX_OPCODES, MAX_PICKLE_BYTES, read_pickle
from ovdiar_export.checkpoints.records import (
    MAX_DEPTH,
    MAX_VALUES,
    Global,
    PersistentId,
    Record,
    walk,
)
from reference.torch_files import Call, Name, dump

from ovdiar.errors import ModelError

PROTO = b"\x80\x04"


def read(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data))


old = st.none() | st.booleans() | st.integers(-(2**2000), 2**2000) | st.text()
new = old | st.floats(allow_nan=False) | st.binary()
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner),
        max_leaves=20,
    )


@given(
    case=st.tuples(nested(old), st.just(2)) | st.tuples(nested(new), st.sampled_from([3, 4, 5])),
)
def test_plain_values_come_back_as_pickle_wrote_them(case: tuple[Any, int]) -> None:
    value, protocol = case
    assert read(pickle.dumps(value, protocol)) == value


def test_sets_and_byte_arrays_come_back_from_the_protocol_that_has_them() -> None:
    values = [{1, "a"}, frozenset({(1, 2)}), bytearray(b"ab")]
    assert read(pickle.dumps(values, 5)) == values


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_ordered_and_default_dictionaries_become_dictionaries(protocol: int) -> None:
    value = [OrderedDict(b=1, a=2), defaultdict(list, x=[3])]
    assert read(pickle.dumps(value, protocol)) == [{"b": 1, "a": 2}, {"x": [3]}]


def test_the_stream_is_left_behind_the_pickle() -> None:
    stream = io.BytesIO(pickle.dumps(1) + pickle.dumps("two") + b"rest")
    assert (read_pickle(stream), read_pickle(stream), stream.read()) == (1, "two", b"rest")


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def call(name: str, *args: bytes) -> bytes:
    """Return the instructions that call ``module name`` with what other instructions leave."""
    return b"c" + name.replace(" ", "\n").encode() + b"\n(" + b"".join(args) + b"tR"


def payloads(victim: Path) -> dict[str, bytes]:
    """Return instructions that create a file when :mod:`pickle` runs them."""
    touch = text(f"touch '{victim}'")
    python = text(f"open({str(victim)!r}, 'w').close()")
    system = call("builtins getattr", call("builtins __import__", text("os")), text("system"))
    return {
        "posix.system": call("posix system", touch),
        "builtins.eval": call("builtins eval", python),
        "builtins.exec": b"]" + call("builtins exec", python) + b"a",
        "a function that a call returned": system + b"(" + touch + b"tR",
        "a name from the stack": text("os") + text("system") + b"\x93(" + touch + b"tR",
        "INST": b"(" + touch + b"iposix\nsystem\n",
        "OBJ": b"(cposix\nsystem\n" + touch + b"o",
        "subprocess.call": b"csubprocess\ncall\n(](" + text("touch") + text(str(victim)) + b"etR",
        "a key": b"}" + call("posix system", touch) + b"Ns",
        "a memo": call("posix system", touch) + b"q\x000h\x00",
    }


KINDS = list(payloads(Path()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_payloads_do_run_under_pickle_itself(kind: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    pickle.loads(PROTO + payloads(victim)[kind] + b".")  # noqa: S301 - shows that they are real
    assert victim.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_payload_is_read_inertly_or_refused(kind: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    with contextlib.suppress(ModelError):
        read(PROTO + payloads(victim)[kind] + b".")
    assert list(tmp_path.iterdir()) == []


def test_an_object_becomes_a_record_of_its_name_arguments_and_state() -> None:
    data, _ = dump(Call(Name("a.task", "Problem"), (2,), {"x": 1}))
    record = read(data)
    assert (record.name, record.args, record.state) == ("a.task.Problem", (2,), {"x": 1})
    assert repr(record) == "Record('a.task.Problem')"


def test_a_class_that_is_only_named_becomes_a_global() -> None:
    assert read(dump([Name("builtins", "dict")])[0]) == [Global("builtins.dict")]


def test_an_object_with_keywords_keeps_them() -> None:
    record = read(PROTO + b"ca\nb\n)}" + text("k") + b"K\x01s\x92.")
    assert (record.name, record.args, record.kwargs) == ("a.b", (), {"k": 1})


def test_a_list_or_dictionary_of_a_foreign_class_keeps_its_contents() -> None:
    listed = read(PROTO + b"ca\nList\n)\x81(K\x01K\x02e.")
    mapped = read(PROTO + b"ca\nDict\n)\x81(K\x01K\x02u.")
    assert (listed.elements, mapped.items) == ([1, 2], {1: 2})


def test_a_persistent_id_stays_a_reference() -> None:
    assert read(PROTO + b"K\x07Q.").value == 7


def test_objects_that_know_each_other_are_read() -> None:
    child = PROTO + b"ca\nParent\n)\x81q\x00}" + text("child") + b"ca\nChild\n)\x81"
    parent = read(child + b"}" + text("parent") + b"h\x00sbsb.")
    assert parent.state["child"].state["parent"] is parent


@pytest.mark.parametrize(
    ("instructions", "complaint"),
    [
        (b"]" + b"q\x000h\x00h\x00\x86q\x00" * 64 + b".", "values"),
        (b"]" * 200 + b"a" * 199 + b".", f"{MAX_DEPTH} deep"),
        (b"]" * 100_000 + b"a" * 99_999 + b".", f"{MAX_DEPTH} deep"),
        (b")" + b"\x85" * 300_000 + b".", f"{MAX_DEPTH} deep"),
        (b"]q\x00h\x00a.", f"{MAX_DEPTH} deep"),
        (b"N0" * MAX_OPCODES + b".", f"{MAX_OPCODES} opcodes"),
        (b"B" + struct.pack("<I", MAX_PICKLE_BYTES) + bytes(MAX_PICKLE_BYTES) + b".", "longer"),
        (b"}" + b")" + b"\x85" * 100_000 + b"Ns.", "as a key"),
        (b"}(" + b"K\x01" * 100_000 + b"tNs.", "as a key"),
        (b"}]Ns.", "as a key"),
        (b"c" + b"a" * 2000 + b"\nb\n.", "characters"),
        (b"\x8b" + struct.pack("<I", 1000) + bytes(1000) + b".", "LONG4"),
        (b"L" + b"9" * 100_000 + b"L\n.", "LONG"),
        (b"I" + b"9" * 100_000 + b"\n.", "INT"),
        (b"\x82\x01.", "EXT1"),
        (b"\x83\x01\x00.", "EXT2"),
        (b"\x84\x01\x00\x00\x00.", "EXT4"),
        (b"\x97.", "NEXT_BUFFER"),
        (b"Pid\n.", "PERSID"),
        (b"N)R.", "calls a NoneType"),
        (b"ca\nb\n]R.", "without arguments"),
    ],
)
def test_a_bomb_or_a_foreign_instruction_is_refused_by_name(
    instructions: bytes, complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        read(PROTO + instructions)


@pytest.mark.parametrize(
    "instructions",
    [
        b"",
        b".",
        b"\xff.",
        b"t.",
        b"u.",
        b"0.",
        b"h\x00.",
        b"a.",
        b"Na.",
        b"NNs.",
        b"N}b.",
        b"2.",
        b"NN\x93.",
        b"]}(K\x01u.",
        b"X\xff\xff\xff\x7f.",
        b"B\xff\xff\xff\xff.",
        b"\x8d" + b"\xff" * 8 + b".",
        b"\x8e" + b"\xff" * 8 + b".",
        b"X\x01\x00\x00\x00\xff.",
        b"cno newline",
        b"(o.",
    ],
)
def test_damage_is_a_model_error_of_one_line(instructions: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read(PROTO + instructions)
    assert "\n" not in str(caught.value)


def test_a_walk_meets_each_record_once_and_other_values_each_time() -> None:
    record = Record("a.b", args=(1,))
    met = list(walk([record, record, PersistentId("x"), {"k": "v"}]))
    assert met.count("x") == met.count("k") == met.count("v") == met.count(1) == 1
    shared = [1]
    assert list(walk([shared, shared])).count(1) == 2


def test_a_walk_refuses_more_values_than_its_limit() -> None:
    with pytest.raises(ModelError, match=str(MAX_VALUES)):
        list(walk([0] * MAX_VALUES))


OPCODES = [op.code.encode("latin-1") for op in pickletools.opcodes]
pieces = st.one_of(
    st.sampled_from(OPCODES),
    st.sampled_from(
        [b"(", b"}", b"]", b")", b"h\x00", b"q\x00", b"K\x01", b"ca\nb\n", b"X\x00\0\0\0"]
    ),
    st.binary(max_size=4),
)


INERT = {type(None), bool, int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset}
INERT |= {Global, Record, PersistentId}


@settings(max_examples=2000, deadline=2000)
@given(parts=st.lists(pieces, max_size=40), end=st.sampled_from([b".", b""]))
def test_any_instructions_at_all_give_inert_values_or_a_model_error(
    parts: list[bytes], end: bytes
) -> None:
    try:
        value = read(b"".join(parts) + end)
    except ModelError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert {type(met) for met in walk(value)} <= INERT
