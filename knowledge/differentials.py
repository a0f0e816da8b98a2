"""Presentations, the conditions to think of, and what speaks for and against each: `knowledge/differentials*.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.criteria import Criterion, parse
from knowledge.errors import BadInput, ToolRetry
from knowledge.yamlfile import load_yaml

PATHS = tuple(Path(__file__).parent / name for name in ("differentials.yaml", "differentials_acute.yaml"))


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Row):
    """One thing that speaks for or against a candidate: its criterion and its words by language."""

    when: dict[str, Any]
    words: dict[str, str]

    @property
    def criterion(self) -> Criterion:
        """The parsed criterion."""
        return parse(self.when)


class Candidate(_Row):
    """A condition to think of. `fact`: what it is called once it is established, where that is not `condition.<id>`."""

    id: str
    fact: str | None = None
    label: dict[str, str]
    must_not_miss: bool
    speaks_for: tuple[Point, ...] = Field(alias="for", min_length=1)
    speaks_against: tuple[Point, ...] = Field(alias="against", default=())
    test: dict[str, str]


class Source(_Row):
    """Where a presentation's candidates and points come from."""

    title: str
    year: int
    section: str
    identifier: str


class Presentation(_Row):
    """A presentation, when it is there, and its candidates. `acute`: it may threaten life now."""

    id: str
    label: dict[str, str]
    when: dict[str, Any]
    unless_tumour_known: bool = False
    acute: bool = False
    source: Source
    checked: str
    candidates: tuple[Candidate, ...] = Field(min_length=1)

    @property
    def criterion(self) -> Criterion:
        """The parsed criterion of the presentation."""
        return parse(self.when)


def load_presentations(path: Path) -> tuple[Presentation, ...]:
    """Read and check a file of presentations. Raises `BadInput` naming the entry that is wrong."""
    found = []
    for number, body in enumerate(load_yaml(path)["presentations"]):
        try:
            item = Presentation.model_validate(body)
            for criterion in (
                item.when,
                *(p.when for c in item.candidates for p in (*c.speaks_for, *c.speaks_against)),
            ):
                parse(criterion)
        except (ValidationError, ToolRetry) as error:
            place = str(body.get("id", number)) if isinstance(body, dict) else str(number)
            raise BadInput(path.name, place, str(error), "a Presentation") from None
        found.append(item)
    return tuple(found)


@lru_cache(maxsize=1)
def presentations() -> tuple[Presentation, ...]:
    """The presentations that ship with Consilium, read once."""
    return tuple(presentation for path in PATHS for presentation in load_presentations(path))
