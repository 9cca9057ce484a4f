"""How docstrings become reference pages (an extension of griffe, which mkdocstrings reads with).

Options of the pipelines are declared once, in ``ovdiar/parameters.py``; the classes get them while
they are imported. So the signatures and docstrings of those classes are taken from there.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

ONE_LINE = re.compile(r"^(\w[\w, ]*) : (.+(?:\n[ \t]+\S.*)*)$", re.MULTILINE)
"""``name : what it is``, and its other lines."""
KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}


class Docstrings(griffe.Extension):
    """Complete what static analysis sees."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Put descriptions below names, where numpydoc has them; after the colon it has types."""
        if obj.docstring is not None:
            obj.docstring.value = ONE_LINE.sub(r"\1\n    \2", obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Take signature and docstring of a class with declared options from the class itself."""
        if not any("documented" in str(each.value) for each in cls.decorators):
            return
        real = getattr(importlib.import_module(cls.module.path), cls.name)
        cls.docstring = griffe.Docstring(inspect.getdoc(real) or "", parent=cls)
        parameters = inspect.signature(real.__init__).parameters.values()
        constructor = griffe.Function(
            "__init__", parameters=griffe.Parameters(*map(_parameter, parameters))
        )
        cls.set_member("__init__", constructor)
        self.on_object(obj=cls)


def _parameter(each: inspect.Parameter) -> griffe.Parameter:
    """Return a parameter as griffe has it."""
    given = each.annotation
    annotation = given if isinstance(given, str) else inspect.formatannotation(given)
    return griffe.Parameter(
        each.name,
        annotation=None if given is each.empty else annotation.replace("typing.", ""),
        kind=KINDS[each.kind],
        default=None if each.default is each.empty else repr(each.default),
    )
