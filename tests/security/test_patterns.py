"""No regular expression of the product goes back over a hostile text so often that its time grows with the cube.

Patterns are collected from the modules, those that a module holds by a name (also within tuples, lists and tables) and
those that stand in a call, so that a new one is held to it at once. regexploit (Doyensec) takes each of them apart.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import agent
import knowledge
import tools

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from regexploit.ast.sre import SreOpParser
    from regexploit.redos import find

ROOMS = (agent, knowledge, tools)
CUBIC = 3
_CALLS = frozenset({"compile", "search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split"})


def _modules(room: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        if not found.name.rpartition(".")[2].startswith(("build_", "__main__")):
            yield importlib.import_module(found.name)


def _of(value: object, depth: int = 3) -> Iterator[re.Pattern[str]]:
    """The compiled patterns of a value."""
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif depth and isinstance(value, dict):
        for one in value.values():
            yield from _of(one, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _of(one, depth - 1)


def _written(module: ModuleType) -> Iterator[tuple[int, str]]:
    """Line and pattern of each call such as `re.search("…", text)` in the module's source."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _CALLS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield node.lineno, node.args[0].value


def patterns(room: ModuleType) -> dict[tuple[str, int], str]:
    """Every pattern of the room with its flags, and where it stands."""
    found: dict[tuple[str, int], str] = {}
    for module in _modules(room):
        for name, value in vars(module).items():
            for pattern in _of(value):
                found.setdefault((pattern.pattern, pattern.flags), f"{module.__name__}.{name}")
        for line, text in _written(module):
            found.setdefault((text, 0), f"{module.__name__}, line {line}")
    return found


def steep(pattern: str, flags: int = 0) -> list[str]:
    """Texts on which the time of the pattern grows with the cube of their length, or faster."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find(SreOpParser().parse_sre(pattern, flags))
        return [one.example() for one in found if one.starriness >= CUBIC]


@pytest.mark.parametrize("pattern", [r"\w+[ -]?\w+[ -]?\w+;", r"(?:a+)+b", r"\s*,?\s*;?\s*$"])
def test_the_rule_finds_a_pattern_that_goes_back_again_and_again(pattern: str) -> None:
    assert steep(pattern)


@pytest.mark.hazard("HAZ-16")
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_no_pattern_takes_cubic_time(room: ModuleType) -> None:
    everything = patterns(room)
    assert len(everything) > 30
    found = {place: shown for (text, flags), place in everything.items() if (shown := steep(text, flags))}
    assert {place: texts[0][:80] for place, texts in found.items()} == {}
