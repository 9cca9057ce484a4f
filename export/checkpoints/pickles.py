"""Read a pickle as plain data: nothing it names is ever imported, called or instantiated.

The opcodes are parsed with the tables of :mod:`pickletools` and run by a small machine that has
no instruction for calling. What a pickle would import becomes a :class:`~.records.Global`, what it
would call or instantiate a :class:`~.records.Record`, what lives outside of it a
:class:`~.records.PersistentId`.
"""

from __future__ import annotations

import pickletools
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

from .records import Global, PersistentId, Record, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MAX_PICKLE_BYTES = 16 * 2**20
"""Longest pickle that is read; the largest of pyannote's own checkpoints needs 0.2 MB."""

MAX_OPCODES = 1_000_000
"""Most instructions that are run; a network of 1,800 tensors needs 70,000."""

MAX_KEY_PARTS = 16
"""Longest tuple that is a dictionary key; its hash is computed at every use."""

MAX_NAME = 1000
"""Longest dotted name, in characters."""


def read_pickle(stream: BinaryIO) -> Any:
    """Return what the pickle at the stream's position describes, and leave the stream behind it.

    The result is made of None, bool, int, float, str, bytes, bytearray, tuple, list, dict, set,
    frozenset, `Global`, `Record` and `PersistentId`; ordered and default dictionaries become dict.
    The stream must be in memory: a damaged pickle may request more bytes than there are.

    Raises
    ------
    ModelError
        If it is not a pickle, is damaged, uses an instruction that torch never writes, or would
        take unreasonable time or memory.
    """
    machine = _Machine()
    try:
        result = machine.run(stream)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError("its pickle is damaged or cut off: download or save it again") from error
    for _ in walk(result):
        pass
    return result


_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_NAMING = frozenset({"GLOBAL", "INST"})
_EMPTY = frozenset({("collections.OrderedDict", 0), ("collections.defaultdict", 1)})
"""Mappings, by name and number of arguments, that are made empty and filled afterwards."""

_SCALARS = (type(None), bool, int, float, str, bytes, Global, Record)


def _hashable(value: Any) -> Any:
    """Return a dictionary key or set element, refusing those whose hash could take for ever."""
    flat = value if isinstance(value, tuple) else (value,)
    if len(flat) <= MAX_KEY_PARTS and all(isinstance(part, _SCALARS) for part in flat):
        return value
    raise ModelError(f"its pickle uses a {type(value).__name__} as a key: not a checkpoint")


def _name(value: Any) -> str:
    if isinstance(value, Global):
        return value.name
    raise ModelError(f"its pickle calls a {type(value).__name__}: not a checkpoint")


def _make(function: Any, args: Any, kwargs: Any = None) -> Any:
    """Return what calling a global would describe."""
    name = _name(function)
    if not isinstance(args, tuple) or not isinstance(kwargs, (dict, type(None))):
        raise ModelError(f"its pickle calls {name!r:.80} without arguments: it is damaged")
    return {} if (name, len(args)) in _EMPTY else Record(name, args, kwargs or {})


def _line_pair(stream: BinaryIO) -> tuple[str, str]:
    """Return a module and a name, as pickle reads them; pickletools would undo escapes in them."""
    lines = stream.readline(), stream.readline()
    if not lines[1].endswith(b"\n"):
        raise ValueError
    return lines[0][:-1].decode(), lines[1][:-1].decode()


class _Machine:
    """The stack, the marks and the memo of one pickle; each method is one kind of instruction."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, stream: BinaryIO) -> Any:
        start = stream.tell()
        for _ in range(MAX_OPCODES):
            code = stream.read(1)
            opcode = _OPCODES.get(code)
            if opcode is None:
                raise ValueError
            if opcode.name == "STOP":
                return self.stack.pop()
            action = _ACTIONS.get(opcode.name)
            if action is None:
                raise ModelError(f"its pickle uses {opcode.name}, which torch never writes")
            reader = _line_pair if opcode.name in _NAMING else opcode.arg and opcode.arg.reader
            action(self, reader(stream) if reader else None)
            if stream.tell() - start > MAX_PICKLE_BYTES:
                raise ModelError(f"its pickle is longer than {MAX_PICKLE_BYTES} bytes")
        raise ModelError(f"its pickle has more than {MAX_OPCODES} opcodes: not a checkpoint")

    def ignore(self, _: Any) -> None:
        pass

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        values = self.stack
        self.stack = self.below.pop()
        return values

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def pop_mark(self, _: Any) -> None:
        self.since_mark()

    def duplicate(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def recall(self, index: int) -> None:
        self.stack.append(self.memo[index])

    def tuple_since_mark(self, _: Any) -> None:
        self.push(tuple(self.since_mark()))

    def list_since_mark(self, _: Any) -> None:
        self.push(self.since_mark())

    def dict_since_mark(self, _: Any) -> None:
        values = self.since_mark()
        self.push({})
        self.put_items(values)

    def frozenset_since_mark(self, _: Any) -> None:
        self.push(frozenset(_hashable(value) for value in self.since_mark()))

    def take(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def append(self, _: Any) -> None:
        self.put_elements(self.take(1))

    def appends(self, _: Any) -> None:
        self.put_elements(self.since_mark())

    def put_elements(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(_hashable(value) for value in values)
        elif isinstance(target, (list, Record)):
            (target.elements if isinstance(target, Record) else target).extend(values)
        else:
            raise TypeError

    def set_item(self, _: Any) -> None:
        self.put_items(self.take(2))

    def set_items(self, _: Any) -> None:
        self.put_items(self.since_mark())

    def put_items(self, values: list[Any]) -> None:
        target = self.stack[-1]
        items = target.items if isinstance(target, Record) else target
        if not isinstance(items, dict):
            raise TypeError
        for key, value in zip(values[::2], values[1::2], strict=True):
            items[_hashable(key)] = value

    def find(self, name: tuple[str, str]) -> None:
        self.name(*name)

    def find_on_stack(self, _: Any) -> None:
        self.name(*self.take(2))

    def name(self, module: Any, attribute: Any) -> None:
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise TypeError
        if len(module) + len(attribute) > MAX_NAME:
            raise ModelError(f"its pickle names something of more than {MAX_NAME} characters")
        self.push(Global(f"{module}.{attribute}"))

    def call(self, _: Any) -> None:
        self.push(_make(*self.take(2)))

    def call_with_keywords(self, _: Any) -> None:
        self.push(_make(*self.take(3)))

    def instance(self, name: tuple[str, str]) -> None:
        args = tuple(self.since_mark())
        self.find(name)
        self.push(_make(self.stack.pop(), args))

    def object_since_mark(self, _: Any) -> None:
        function, *args = self.since_mark()
        self.push(_make(function, tuple(args)))

    def set_state(self, _: Any) -> None:
        (state,) = self.take(1)
        target = self.stack[-1]
        if isinstance(target, Record):
            target.state = state
        elif not isinstance(target, dict):  # attributes of a dictionary are of no use here
            raise TypeError

    def refer(self, _: Any) -> None:
        self.push(PersistentId(*self.take(1)))


def _constant(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(make())


_LITERALS = (
    "BININT BININT1 BININT2 LONG1 BINFLOAT BINSTRING SHORT_BINSTRING BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8"
)
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(_LITERALS.split(), _Machine.push),
    "PROTO": _Machine.ignore,
    "FRAME": _Machine.ignore,
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_TUPLE": _constant(tuple),
    "EMPTY_LIST": _constant(list),
    "EMPTY_DICT": _constant(dict),
    "EMPTY_SET": _constant(set),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "TUPLE": _Machine.tuple_since_mark,
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.take(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.take(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.take(3))),
    "LIST": _Machine.list_since_mark,
    "DICT": _Machine.dict_since_mark,
    "FROZENSET": _Machine.frozenset_since_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.find,
    "STACK_GLOBAL": _Machine.find_on_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "INST": _Machine.instance,
    "OBJ": _Machine.object_since_mark,
    "BUILD": _Machine.set_state,
    "BINPERSID": _Machine.refer,
}
