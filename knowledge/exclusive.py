"""Driver alterations that hardly occur together: `knowledge/exclusive.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from knowledge.differentials import Source
from knowledge.errors import BadInput
from knowledge.factbook import FactBook
from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml

PATH = Path(__file__).parent / "exclusive.yaml"
_LINES = "therapy.lines_advanced"


class Group(BaseModel):
    """Alterations of one tumour (and of its narrower types), at most one of which is to be expected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tumour: str
    markers: tuple[str, ...] = Field(min_length=2)
    source: Source


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """The groups of `exclusive.yaml`. Raises `BadInput` with the place of a row that does not fit."""
    try:
        return TypeAdapter(dict[str, tuple[Group, ...]]).validate_python(load_yaml(PATH))["groups"]
    except (ValidationError, KeyError) as error:
        raise BadInput(PATH.name, "groups", str(error), "a tumour, two markers or more, and a source each") from error


def unlikely_beside(facts: FactBook) -> dict[str, str]:
    """Unknown markers of the patient's tumour that are hardly to be expected, each with the known one it is said of.

    None once a line of treatment was given: resistance brings such alterations about.
    """
    tumour = facts.value("tumour.type")
    if tumour is None or facts.value(_LINES):
        return {}
    types = vocabulary()["tumour.type"].code_ancestors(str(tumour))
    found: dict[str, str] = {}
    for group in groups():
        known = next((name for name in group.markers if facts.value(name) is True), None)
        if known is not None and group.tumour in types:
            found |= {name: known for name in group.markers if _is_open(name, known, facts)}
    return found


def _is_open(marker: str, known: str, facts: FactBook) -> bool:
    """Whether nothing is known of a marker, nor of a broader one that holds by itself: a KRAS mutation may be G12C."""
    broader = set(vocabulary().consequences(marker, True)) - set(vocabulary().consequences(known, True))
    return facts.value(marker) is None and not any(facts.value(name) is True for name in broader)
