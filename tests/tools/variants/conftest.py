"""A data folder of its own for each test, so that no table of the user's is read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("variant_helpers", Path(__file__).parent / "helpers.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules["variant_helpers"] = _MODULE
_SPEC.loader.exec_module(_MODULE)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`CONSILIUM_HOME` in the temporary folder of the test."""
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
