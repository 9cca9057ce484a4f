"""The public API as text: every name with its signature.

``cd tests && python -m reference.public_api`` writes ``tests/data/public_api.txt`` anew.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

SNAPSHOT = Path(__file__).resolve().parents[1] / "data" / "public_api.txt"
MODULES = ("ovdiar", "ovdiar.formats", "ovdiar.hooks", "ovdiar.errors")
WIDTH = 100
STARS: dict[Any, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
OPERATORS = ("call", "iter", "len", "bool", "contains", "and", "or", "enter", "exit")
"""Special methods that users reach by syntax."""


def describe() -> str:
    """Describe every public name of `MODULES`."""
    modules = [importlib.import_module(name) for name in MODULES]
    lines = [line for module in modules for line in describe_module(module)]
    return "\n".join(lines) + "\n"


def describe_module(module: ModuleType) -> Iterator[str]:
    """Describe what a module lists in ``__all__``, or defines under a name without underscore."""
    yield f"# {module.__name__}"
    for name in sorted(getattr(module, "__all__", vars(module))):
        value = getattr(module, name)
        home = getattr(value, "__module__", None) if callable(value) else module.__name__
        own = home is not None and f"{home}.".startswith(f"{module.__name__}.")
        if name.startswith("_") or inspect.ismodule(value) or not own:
            continue
        path = f"{module.__name__}.{name}"
        if inspect.isclass(value):
            yield from _class(value, path)
        elif callable(value):
            yield from _function(value, path)
        elif name.isupper() and name != "TYPE_CHECKING":
            yield path
    yield ""


def _class(value: type, path: str) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    if bases:
        yield f"class {path}({bases})"
    if not issubclass(value, Exception):
        yield from _function(value, path)
    inherited = [vars(base) for base in value.__mro__ if base.__module__.startswith("ovdiar.")]
    for name in sorted({name for members in inherited for name in members}):
        member = inspect.getattr_static(value, name)
        if name.startswith("_") and name.strip("_") not in OPERATORS:
            continue
        if isinstance(member, property):
            yield f"{path}.{name}: {getattr(member.fget, '__annotations__', {}).get('return')}"
        elif callable(getattr(value, name)):
            yield from _function(getattr(value, name), f"{path}.{name}")
        elif name not in getattr(value, "__dataclass_fields__", {}):
            yield f"{path}.{name}"


def _function(function: Callable[..., Any], path: str) -> Iterator[str]:
    """Describe a call in one line, or, where that is too long, with a line for each parameter."""
    signature = inspect.signature(function)
    end = ")"
    if not inspect.isclass(function) and signature.return_annotation is not signature.empty:
        end += f" -> {_annotation(signature.return_annotation)}"
    parts = list(_parameters(signature))
    line = f"{path}({', '.join(parts)}{end}"
    yield from [line] if len(line) <= WIDTH else [f"{path}(", *(f"    {e}," for e in parts), end]


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    before: Any = inspect.Parameter.POSITIONAL_ONLY
    parameters = [each for each in signature.parameters.values() if each.name != "self"]
    for place, each in enumerate(parameters):
        if before is each.POSITIONAL_ONLY is not each.kind and place:
            yield "/"
        if each.kind is each.KEYWORD_ONLY and before not in (
            each.KEYWORD_ONLY,
            each.VAR_POSITIONAL,
        ):
            yield "*"
        before = each.kind
        stars = STARS.get(each.kind, "")
        kind = "" if each.annotation is each.empty else f": {_annotation(each.annotation)}"
        default = "" if each.default is each.empty else f" = {each.default!r}"
        yield f"{stars}{each.name}{kind}{default}"
    if parameters and before is inspect.Parameter.POSITIONAL_ONLY:
        yield "/"


def _annotation(value: Any) -> str:
    return value if isinstance(value, str) else inspect.formatannotation(value)


if __name__ == "__main__":
    SNAPSHOT.write_bytes(describe().encode())
