"""What users import stays as it is, or changes on purpose."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
import types
from importlib.metadata import version

import pytest
from reference.public_api import SNAPSHOT, describe, describe_module

import ovdiar

RENEW = "cd tests && python -m reference.public_api"


def changes(old: str, new: str) -> str:
    """List the lines that differ, with those around them; empty where none does."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "public_api.txt", "ovdiar", lineterm=""
    )
    return "\n".join(lines)


def test_public_names_and_signatures_are_those_of_the_snapshot() -> None:
    difference = changes(SNAPSHOT.read_text(encoding="utf-8"), describe())
    if difference:
        message = f"the public API has changed:\n{difference}\nif that is intended: {RENEW}"
        pytest.fail(message, pytrace=False)


def made_up(code: str) -> str:
    """Describe a module that holds this code."""
    module = types.ModuleType("ovdiar.made_up")
    exec(code, vars(module))  # noqa: S102 - a module of one test
    return "\n".join(describe_module(module))


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("def f(a): ...", "def f(a, b=2): ...", "+ovdiar.made_up.f(a, b = 2)"),
        ("def f(a): ...", "def f(*, a): ...", "+ovdiar.made_up.f(*, a)"),
        ("def f(a, b): ...", "def f(a, /, b): ...", "+ovdiar.made_up.f(a, /, b)"),
        ("def f(a: int): ...", "def f(a: float): ...", "+ovdiar.made_up.f(a: float)"),
        ("def f(a) -> int: ...", "def f(a) -> str: ...", "+ovdiar.made_up.f(a) -> str"),
        ("def f(*a): ...", "def f(*a, b): ...", "+ovdiar.made_up.f(*a, b)"),
        ("def f(a): ...", "def f(a, /): ...", "+ovdiar.made_up.f(a, /)"),
        ("def f(**a): ...", "def f(**b): ...", "+ovdiar.made_up.f(**b)"),
        ("def f(): ...", "", "-ovdiar.made_up.f()"),
        ("class E(Exception): ...", "class E(ValueError): ...", "+class ovdiar.made_up.E(ValueErr"),
        ("class C:\n x = 1", "class C:\n y = 1", "+ovdiar.made_up.C.y"),
        ("class C:\n p = property(len)", "class C: ...", "-ovdiar.made_up.C.p"),
        ("NAMES = ()", "", "-ovdiar.made_up.NAMES"),
    ],
)
def test_a_change_of_the_api_shows(before: str, after: str, line: str) -> None:
    assert line in changes(made_up(before), made_up(after))


@pytest.mark.parametrize("code", ["_f = len", "import os", "from math import sqrt", "x = 1"])
def test_what_is_private_or_of_others_is_left_out(code: str) -> None:
    assert made_up(code) == made_up("")


def run(code: str) -> object:
    """Run code in a fresh interpreter that has imported ovdiar, and return what it prints."""
    command = [sys.executable, "-c", f"import json, sys, ovdiar\nprint(json.dumps({code}))"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["errors", "formats", "hooks"])
def test_a_module_is_reachable_after_import_ovdiar(name: str) -> None:
    assert run(f"ovdiar.{name}.__name__") == f"ovdiar.{name}"


@pytest.mark.parametrize("name", ["errors", "formats", "hooks", "__version__"])
def test_what_is_reachable_beside_the_public_names_is_loaded_when_used(name: str) -> None:
    assert run(f"{name!r} in vars(ovdiar)") is False
    assert name not in ovdiar.__all__


def test_the_version_is_that_of_the_installed_package() -> None:
    assert ovdiar.__version__ == version("ovdiar")


@pytest.mark.parametrize("module", ["ovdiar.errors", "importlib.metadata"])
def test_import_ovdiar_does_not_load(module: str) -> None:
    code = f"import sys, ovdiar; sys.exit({module!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
