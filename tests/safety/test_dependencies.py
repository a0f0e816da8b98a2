"""Every dependency is pinned, and its licence is an accepted one."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
# Needed by every Python environment, and pinned by it.
_TOOLS = frozenset({"pip", "setuptools", "wheel"})


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_of(requirement: str) -> str:
    """The package that a requirement such as `torch>=2; python_version < '3.13'` names."""
    match = _NAME.match(requirement)
    assert match is not None
    return _canonical(match[0])


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {_canonical(line.split("==")[0]): line.split("==")[1] for line in lines if "==" in line}


def _direct() -> list[str]:
    """What the product itself asks for; the tools of its developers are left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [_name_of(text) for text in project["dependencies"]]


def _shipped() -> dict[str, Distribution]:
    """Every distribution that an installation of the product brings, by name."""
    found: dict[str, Distribution] = {}
    waiting = _direct()
    while waiting:
        name = waiting.pop()
        if name in found or name in _TOOLS:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        waiting += [_name_of(text) for text in found[name].requires or () if "extra ==" not in text]
    return found


def _licence(made: Distribution) -> str:
    """The licence as the distribution declares it: its expression, its classifiers, or its field."""
    expression = made.metadata.get_all("License-Expression")
    classifiers = [text for text in made.metadata.get_all("Classifier") or () if text.startswith("License ::")]
    declared = expression or [text.rsplit("::", 1)[-1].strip() for text in classifiers]
    return "; ".join(declared) or (made.metadata.get("License") or "").strip().partition("\n")[0]


@pytest.mark.hazard("HAZ-27")
def test_every_dependency_is_pinned() -> None:
    pins = _pins()
    assert sorted(set(_shipped()) - set(pins)) == []


@pytest.mark.hazard("HAZ-27")
def test_every_licence_is_an_accepted_one() -> None:
    accepted = yaml.safe_load((ROOT / "docs" / "licences.yaml").read_text(encoding="utf-8"))
    unknown = {}
    for name, made in _shipped().items():
        licence = accepted["declared_elsewhere"].get(name) or _licence(made)
        if not any(re.search(pattern, licence) for pattern in accepted["accepted"]):
            unknown[name] = licence
    assert unknown == {}


@pytest.mark.hazard("HAZ-27")
def test_every_pin_is_locked_with_the_hashes_of_its_files() -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    locked = {_name_of(block): re.findall(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks}
    versions = {_name_of(block): block.split("==")[1].split()[0] for block in blocks}
    pins = _pins()
    assert {name: version for name, version in versions.items() if pins[name] != version} == {}
    assert [name for name, hashes in locked.items() if not hashes] == []
    # Builds of torch differ from machine to machine, so it comes first, by version, with what only it needs.
    by_torch = {"torch", "sympy", "mpmath"}
    assert set(_shipped()) - set(locked) - {"consilium"} <= by_torch
