"""Guideline recommendations as data: models, loading, and the checks that CI and `consilium knowledge verify` run.

One file a guideline, `knowledge/guidelines/<guideline-id>.yaml`. Sentences are our own; strength and certainty are
as the source grades them. Every recommendation carries criteria (`knowledge.criteria`) and two example patients, one
to whom it applies and one to whom it does not; both are evaluated by `problems`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.chinese import ORGANISATIONS, with_chinese, words
from knowledge.criteria import Criterion, Truth, evaluate, parse
from knowledge.errors import BadInput
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, vocabulary
from knowledge.yamlfile import load_yaml

GUIDELINES_DIR = Path(__file__).parent / "guidelines"
EXAMPLE_DAY = dt.date(2026, 1, 1)

Topic = Literal[
    "screening",
    "diagnosis",
    "staging",
    "testing",
    "treatment",
    "prevention",
    "follow_up",
    "supportive",
    "safety",
]
Job = Literal["tumour_diagnosis", "disease_prediction", "personalised_treatment"]
ActionType = Literal["test", "treat", "avoid", "refer", "follow_up"]


def _localised(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Localised = Annotated[dict[Literal["en", "zh"], str], BeforeValidator(_localised)]
Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]


def in_language(text: Mapping[Any, str], language: str) -> str:
    """The text in `language`, or in English where it was not translated."""
    return text.get(language) or text["en"]


class Strict(BaseModel):
    """Base of what is read from our own data files: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Guideline(Strict):
    """The document that recommendations come from. `grading` names its scheme of strength and certainty.

    `long_term`: it is on care over years, which waits while a presentation threatens life.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: Localised
    organisation: Localised
    year: int = Field(ge=1990, le=2100)
    identifier: str = Field(pattern=r"^https?://\S+$")
    diseases: tuple[str, ...] = Field(min_length=1)
    status: Literal["current", "superseded"]
    superseded_by: str | None = None
    long_term: bool = False
    grading: Text


class Action(Strict):
    """What the recommendation asks for.

    Attributes:
        drugs: `medication.*` facts to give (`treat`) or not to give (`avoid`).
        tests: `test.*`, `procedure.*` or `therapy.*` facts.
        dose: only where the source or the label gives it.
        concerns_drug: it matters only if one of `drugs` is taken, proposed or an option.
    """

    type: ActionType
    drugs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    dose: str | None = None
    concerns_drug: bool = False


class Examples(Strict):
    """A patient to whom it applies and one to whom it does not: fact name to value."""

    applies: dict[str, Any]
    does_not_apply: dict[str, Any]


class Recommendation(Strict):
    """One recommendation. `checked` says against what it was compared, and how.

    `acute`: it is of a presentation that threatens life now, and comes before everything else in a draft.
    """

    id: str = Field(pattern=r"^[a-z0-9-]+\.[a-z0-9][a-z0-9-]*$")
    text: Localised
    section: Text
    topic: Topic
    job: Job
    acute: bool = False
    strength: Text
    certainty: Text
    applies_when: dict[str, Any]
    action: Action
    disagrees_with: tuple[str, ...] = ()
    checked: str = Field(min_length=10)
    examples: Examples

    @cached_property
    def criterion(self) -> Criterion:
        """The parsed `applies_when`. Raises `ValueError` where it is not a criterion."""
        return parse(self.applies_when)

    @property
    def guideline_id(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


class GuidelineFile(Strict):
    """The content of one file."""

    guideline: Guideline
    recommendations: tuple[Recommendation, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Recommendations:
    """All guidelines and recommendations, by id. `disagreements` is symmetric."""

    guidelines: Mapping[str, Guideline]
    by_id: Mapping[str, Recommendation]
    disagreements: Mapping[str, tuple[str, ...]]

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def guideline_of(self, recommendation: Recommendation) -> Guideline:
        """The document that it comes from."""
        return self.guidelines[recommendation.guideline_id]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each recommendation in its file, from 0; acute ones stand there in the order of action."""
        counts: dict[str, int] = {}
        found = {}
        for recommendation in self:
            found[recommendation.id] = counts.get(recommendation.guideline_id, 0)
            counts[recommendation.guideline_id] = found[recommendation.id] + 1
        return found

    def current(self) -> Iterator[Recommendation]:
        """Those of editions that are not superseded."""
        return (r for r in self if self.guideline_of(r).status == "current")


def read_guideline_file(path: Path) -> GuidelineFile:
    """Read one file. Raises `BadInput` naming the recommendation and field that is wrong."""
    data = load_yaml(path)
    try:
        read = GuidelineFile.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = list(first["loc"])
        if place[:1] == ["recommendations"] and len(place) > 1:
            body = data["recommendations"][place[1]]
            place[:2] = [body.get("id", f"recommendations[{place[1]}]") if isinstance(body, dict) else str(place[1])]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        shown = ".".join(map(str, place)) or "the whole file"
        raise BadInput(path.name, shown, first["msg"] + more, "the guideline format") from None
    translated = tuple(with_chinese(item, path.parent) for item in read.recommendations)
    organisation = read.guideline.organisation
    if "zh" not in organisation and (named := words(path.parent, ORGANISATIONS).get(organisation["en"])) is not None:
        guideline = read.guideline.model_copy(update={"organisation": {**organisation, "zh": named}})
        read = read.model_copy(update={"guideline": guideline})
    return read.model_copy(update={"recommendations": translated})


def collect(files: Iterable[GuidelineFile]) -> Recommendations:
    """Put files together; the first of two with the same id wins (`problems` reports the other)."""
    guidelines: dict[str, Guideline] = {}
    by_id: dict[str, Recommendation] = {}
    for file in files:
        guidelines.setdefault(file.guideline.id, file.guideline)
        for recommendation in file.recommendations:
            if recommendation.guideline_id == file.guideline.id:
                by_id.setdefault(recommendation.id, recommendation)
    links: dict[str, set[str]] = {}
    for recommendation in by_id.values():
        for other in recommendation.disagrees_with:
            links.setdefault(recommendation.id, set()).add(other)
            links.setdefault(other, set()).add(recommendation.id)
    return Recommendations(guidelines, by_id, {key: tuple(sorted(value)) for key, value in links.items()})


def load_recommendations(directory: Path = GUIDELINES_DIR) -> Recommendations:
    """Read every file of a folder. Raises `BadInput` for the first that is not as it should be."""
    files = []
    for path in sorted(directory.glob("*.yaml")):
        files.append(read_guideline_file(path))
        for recommendation in files[-1].recommendations:
            try:
                _ = recommendation.criterion
            except ValueError as error:
                problem = str(error).rstrip(".")
                raise BadInput(path.name, recommendation.id, problem, "criteria over declared facts") from None
    return collect(files)


@lru_cache(maxsize=1)
def recommendations() -> Recommendations:
    """The recommendations that ship with Consilium, read once."""
    return load_recommendations()


def example_facts(values: Mapping[str, Any]) -> FactBook:
    """An example patient as facts: `"60 a"`, `true`, a code, a whole number, or `{value: …, days_ago: 30}`.

    Dates count back from `EXAMPLE_DAY`. Raises `ValueError` for a name, value or unit that does not fit.
    """
    return FactBook(
        SourcedFact(_example_fact(name, value), "example", Authority.TOOL) for name, value in values.items()
    )


def _example_fact(name: str, value: Any) -> Fact:
    at = None
    if isinstance(value, dict):
        if set(value) != {"value", "days_ago"}:
            raise ValueError(f"{name}: a dated value is {{value: …, days_ago: 30}}")
        value, at = value["value"], EXAMPLE_DAY - dt.timedelta(days=float(value["days_ago"]))
    spec = vocabulary().get(name)
    if spec is not None and spec.kind == "quantity":
        number, _, unit = str(value).partition(" ")
        return Fact(name=name, value=float(number), unit=unit.strip() or spec.unit, at=at)
    if spec is not None and spec.kind == "code":
        value = str(value)
    return Fact(name=name, value=value, at=at)


def problems(directory: Path = GUIDELINES_DIR) -> list[str]:
    """Everything that is wrong with a folder of guidelines, one line each: `file, id: what`."""
    found: list[str] = []
    files: dict[str, GuidelineFile] = {}
    for path in sorted(directory.glob("*.yaml")):
        try:
            files[path.name] = read_guideline_file(path)
        except BadInput as error:
            found.append(str(error))
    store = collect(files.values())
    seen: set[str] = set()
    for name, file in files.items():
        found.extend(f"{name}, {file.guideline.id}: {p}" for p in _guideline_problems(name, file.guideline, store))
        for recommendation in file.recommendations:
            if recommendation.id in seen:
                found.append(f"{name}, {recommendation.id}: the id is given twice")
            seen.add(recommendation.id)
            found.extend(f"{name}, {recommendation.id}: {p}" for p in _recommendation_problems(recommendation, store))
            if recommendation.guideline_id != file.guideline.id:
                found.append(f"{name}, {recommendation.id}: the id does not start with {file.guideline.id}.")
    return found


def _guideline_problems(name: str, guideline: Guideline, store: Recommendations) -> Iterator[str]:
    if name != f"{guideline.id}.yaml":
        yield f"the file is not named {guideline.id}.yaml"
    if (guideline.status == "superseded") != (guideline.superseded_by is not None):
        yield "superseded_by is given if, and only if, the status is superseded"
    if guideline.superseded_by is not None and guideline.superseded_by not in store.guidelines:
        yield f"superseded_by names {guideline.superseded_by}, which is not here"


def _recommendation_problems(recommendation: Recommendation, store: Recommendations) -> Iterator[str]:
    action = recommendation.action
    for prefixes, names in ((("medication.",), action.drugs), (("test.", "procedure.", "therapy."), action.tests)):
        for fact in names:
            if fact not in vocabulary():
                yield f"action names {fact}, which the vocabulary does not declare"
            elif not fact.startswith(prefixes):
                yield f"action names {fact}, which is not one of {', '.join(prefixes)}"
    if action.dose and not action.drugs:
        yield "a dose is given without a drug"
    if action.type in ("treat", "avoid") and not (action.drugs or action.tests):
        yield f"an action of type {action.type} names no drug, procedure or therapy"
    for other in recommendation.disagrees_with:
        if other not in store.by_id:
            yield f"disagrees_with names {other}, which is not here"
        elif store.by_id[other].guideline_id == recommendation.guideline_id:
            yield f"disagrees_with names {other}, which is of the same guideline"
    try:
        yield from example_problems(recommendation.criterion, recommendation.examples)
    except ValueError as error:
        yield _first_line(error)


def example_problems(criterion: Criterion, examples: Examples) -> Iterator[str]:
    """What is wrong with the two example patients of a criterion."""
    wanted = (
        ("applies", examples.applies, Truth.APPLIES),
        ("does_not_apply", examples.does_not_apply, Truth.DOES_NOT_APPLY),
    )
    for name, values, truth in wanted:
        try:
            outcome = evaluate(criterion, example_facts(values), EXAMPLE_DAY)
        except ValueError as error:
            yield f"examples.{name}: {_first_line(error)}"
            continue
        if outcome.truth is not truth:
            missing = f" (missing {', '.join(outcome.missing)})" if outcome.missing else ""
            yield f"examples.{name} evaluates to {outcome.truth.value}{missing}"


def _first_line(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(str(e["msg"]) for e in error.errors())
    return str(error)
