"""Drugs of a combination by the name that physicians use: `knowledge/regimens.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from knowledge.yamlfile import load_yaml

PATH = Path(__file__).parent / "regimens.yaml"


@lru_cache(maxsize=1)
def regimens() -> dict[str, tuple[str, ...]]:
    """`medication.*` facts of the drugs of every combination, by its name."""
    table: dict[str, list[str]] = load_yaml(PATH)["regimens"]
    return {name: tuple(f"medication.{drug}" for drug in drugs) for name, drugs in table.items()}


def drugs_of(name: str) -> tuple[str, ...]:
    """The drugs of a combination (`FOLFOX`); none for another word."""
    return regimens().get(name, ())
