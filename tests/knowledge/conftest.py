"""A home folder of its own for every test, and an encoder that needs no model."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """`CONSILIUM_HOME` in the test's folder."""
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def word_encoder(monkeypatch):
    """Embeddings from hashed words: texts that share words are near each other."""
    from tests.knowledge.store import words

    words.install(monkeypatch.setattr)
