"""Safety tables as data, and the check of one drug against one patient.

`knowledge/safety/*.yaml` hold lists `rows`. Every row has an id, a source, `checked`, and a text in our own words:

- `allergy`: `drugs` not to give where one of `allergens` is known (`relation`: same substance or class, cross-reactive)
- `interaction`: a drug of `drugs` together with a drug of `with`; it holds both ways round
- `contraindication`: `drugs` where the criterion `when` applies (condition, organ function, pregnancy, genotype)
- `dose_adjustment`: `drugs` whose dose changes where `when` applies
- `reviewed`: `drugs` that were looked up, and for which of the areas nothing severe was found

A row about a class holds for every drug that implies the class in the vocabulary, save those under one of `not_for`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from knowledge.chinese import with_chinese
from knowledge.criteria import Criterion, Outcome, Truth, evaluate, parse
from knowledge.errors import BadInput, ToolRetry
from knowledge.factbook import FactBook
from knowledge.facts import Fact, vocabulary
from knowledge.recommendations import Examples, Localised, Strict, Text, example_problems
from knowledge.yamlfile import load_yaml

_KIDNEY = {"lab.egfr": "mL/min/{1.73_m2}", "lab.creatinine_clearance": "mL/min"}
SAFETY_DIR = Path(__file__).parent / "safety"

Severity = Literal["contraindicated", "caution"]
Area = Literal["condition", "pregnancy", "breastfeeding", "renal", "hepatic", "genotype", "age"]
ReviewArea = Literal[
    "allergy", "interaction", "contraindication", "pregnancy", "breastfeeding", "renal", "hepatic", "genotype", "age"
]


class Source(Strict):
    """Where a row comes from. `identifier` is a DOI or URL."""

    title: str = Field(min_length=3)
    year: int = Field(ge=1980, le=2100)
    identifier: str = Field(pattern=r"^https?://\S+$")
    section: Text


class _Row(Strict):
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    drugs: tuple[str, ...] = Field(min_length=1)
    source: Source
    checked: str = Field(min_length=5)


class AllergyRow(_Row):
    """`drugs` are not given where one of `allergens` is known."""

    kind: Literal["allergy"]
    allergens: tuple[str, ...] = Field(min_length=1)
    relation: Literal["same_substance", "same_class", "cross_reactive"]
    severity: Severity
    text: Localised


class InteractionRow(_Row):
    """A drug of `drugs` together with a drug of `with_drugs` (`with` in the file)."""

    kind: Literal["interaction"]
    with_drugs: tuple[str, ...] = Field(alias="with", min_length=1)
    severity: Severity
    effect: Localised
    text: Localised


class ConditionalRow(_Row):
    """A contraindication, or a change of dose, where the criterion `when` applies.

    `not_for` names drugs and classes within `drugs` that the row does not hold for.
    """

    kind: Literal["contraindication", "dose_adjustment"]
    not_for: tuple[str, ...] = ()
    when: dict[str, Any]
    severity: Severity
    area: Area = "condition"
    text: Localised
    examples: Examples | None = None

    @cached_property
    def criterion(self) -> Criterion:
        """The parsed `when`. Raises `ValueError` where it is not a criterion."""
        return parse(self.when)


class ReviewedRow(_Row):
    """A statement that nothing severe was found for these drugs in these areas."""

    kind: Literal["reviewed"]
    nothing_for: tuple[ReviewArea, ...]


SafetyRow = Annotated[AllergyRow | InteractionRow | ConditionalRow | ReviewedRow, Field(discriminator="kind")]
_ROW: TypeAdapter[Any] = TypeAdapter(SafetyRow)


class SafetyFinding(NamedTuple):
    """One thing that speaks against a drug for this patient.

    Attributes:
        row: the row of the table that says so, with its text and source.
        drug: the drug that was asked about.
        facts: names of the facts that it rests on (the allergy, the other drug, the condition).
        evidence_ids: evidence that carries these facts.
        truth: `APPLIES`, or `CANNOT_TELL` where a criterion lacks the facts in `missing`.
    """

    row: AllergyRow | InteractionRow | ConditionalRow
    drug: str
    facts: tuple[str, ...]
    evidence_ids: tuple[str, ...]
    truth: Truth = Truth.APPLIES
    missing: tuple[str, ...] = ()


def read_rows(path: Path) -> list[Any]:
    """The rows of one file. Raises `BadInput` naming the row and field that is wrong."""
    data = load_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
        raise BadInput(path.name, "the whole file", "it has no list `rows`", "rows: [{id, kind, drugs, …}]")
    made = []
    for number, body in enumerate(data["rows"]):
        try:
            made.append(with_chinese(_ROW.validate_python(body), path.parent))
        except ValidationError as error:
            place = body.get("id", f"rows[{number}]") if isinstance(body, dict) else f"rows[{number}]"
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BadInput(path.name, f"{place}.{field}", first["msg"], "the safety format") from None
    return made


@lru_cache(maxsize=1)
def safety_rows() -> tuple[Any, ...]:
    """All rows that ship with Consilium, read once."""
    return tuple(row for path in sorted(SAFETY_DIR.glob("*.yaml")) for row in read_rows(path))


@lru_cache(maxsize=1)
def _rows_by_drug() -> Mapping[str, tuple[Any, ...]]:
    by_drug: dict[str, list[Any]] = {}
    for row in safety_rows():
        sides = {*row.drugs, *(row.with_drugs if isinstance(row, InteractionRow) else ())}
        for drug in sides:
            by_drug.setdefault(drug, []).append(row)
    return {drug: tuple(rows) for drug, rows in by_drug.items()}


def drug_and_classes(drug_fact: str) -> tuple[str, ...]:
    """The drug and every class that it implies. Raises `ToolRetry` for a name that is not declared."""
    vocabulary().spec(drug_fact)
    if not drug_fact.startswith("medication."):
        raise ToolRetry(f"{drug_fact!r} is not a medication.* fact.")
    return (drug_fact, *vocabulary().consequences(drug_fact, True))


def rows_for(drug_fact: str) -> tuple[Any, ...]:
    """Every row that concerns the drug or a class of it, each once. Raises `ToolRetry` as `drug_and_classes`."""
    names = drug_and_classes(drug_fact)
    rows = (row for name in names for row in _rows_by_drug().get(name, ()))
    return tuple({row.id: row for row in rows if not _left_out(row, names)}.values())


def _left_out(row: Any, names: Iterable[str]) -> bool:
    return isinstance(row, ConditionalRow) and not set(row.not_for).isdisjoint(names)


def check_drug(drug_fact: str, facts: FactBook) -> list[SafetyFinding]:
    """What speaks against giving `drug_fact` to the patient of `facts`, the most severe first.

    An allergy or another drug counts only when it is known to be there; a criterion that cannot be decided gives a
    finding with `truth` CANNOT_TELL and the missing facts. Where only one of eGFR and creatinine clearance is known, it
    stands for the other.

    Raises:
        ToolRetry: the name is not a declared `medication.*` fact.
    """
    names = drug_and_classes(drug_fact)
    found: list[SafetyFinding] = []
    kidney = _with_kidney_function(facts)
    for row in rows_for(drug_fact):
        if isinstance(row, AllergyRow):
            found.extend(_known(row, drug_fact, row.allergens, facts))
        elif isinstance(row, InteractionRow):
            found.extend(_known(row, drug_fact, _other_side(row, names), facts, not_from=drug_fact))
        elif isinstance(row, ConditionalRow):
            outcome = evaluate(row.criterion, kidney)
            if outcome.truth is not Truth.DOES_NOT_APPLY:
                found.append(_conditional(row, drug_fact, outcome))
    return sorted(found, key=_order)


def _with_kidney_function(facts: FactBook) -> FactBook:
    """The facts, with eGFR (mL/min/1.73 m2) and creatinine clearance (mL/min) each taken for the other if it lacks."""
    known = {name: facts.get(name) for name in _KIDNEY}
    here = [entry for entry in known.values() if entry is not None]
    if len(here) != 1:
        return facts
    name, unit = next((name, unit) for name, unit in _KIDNEY.items() if known[name] is None)
    value = here[0].fact.canonical()
    taken = Fact(name=name, value=value, unit=unit, at=here[0].fact.at)
    return facts.with_overrides([here[0]._replace(fact=taken, derived_from=here[0].fact.name)])


def _other_side(row: InteractionRow, names: Iterable[str]) -> tuple[str, ...]:
    own = set(names)
    other: tuple[str, ...] = ()
    if own & set(row.drugs):
        other += row.with_drugs
    if own & set(row.with_drugs):
        other += row.drugs
    return tuple(dict.fromkeys(other))


def _known(
    row: AllergyRow | InteractionRow, drug: str, names: Iterable[str], facts: FactBook, not_from: str = ""
) -> Iterable[SafetyFinding]:
    """A finding if one of `names` is true for another reason than `not_from` (a drug does not meet itself)."""
    entries = [next((e for e in facts.all(name) if not_from not in (e.derived_from, name)), None) for name in names]
    true = [entry for entry in entries if entry is not None and entry.fact.value is True]
    if true:
        yield SafetyFinding(
            row,
            drug,
            tuple(dict.fromkeys(entry.derived_from or entry.fact.name for entry in true)),
            tuple(dict.fromkeys(entry.evidence_id for entry in true)),
        )


def _conditional(row: ConditionalRow, drug: str, outcome: Outcome) -> SafetyFinding:
    return SafetyFinding(
        row,
        drug,
        tuple(dict.fromkeys(entry.derived_from or entry.fact.name for entry in outcome.because)),
        tuple(dict.fromkeys(entry.evidence_id for entry in outcome.because)),
        outcome.truth,
        outcome.missing,
    )


def _order(finding: SafetyFinding) -> tuple[bool, bool, str]:
    return (finding.truth is not Truth.APPLIES, finding.row.severity != "contraindicated", finding.row.id)


def problems(directory: Path = SAFETY_DIR) -> list[str]:
    """Everything that is wrong with a folder of safety tables, one line each."""
    found: list[str] = []
    seen: set[str] = set()
    for path in sorted(directory.glob("*.yaml")):
        try:
            rows = read_rows(path)
        except BadInput as error:
            found.append(str(error))
            continue
        for row in rows:
            if row.id in seen:
                found.append(f"{path.name}, {row.id}: the id is given twice")
            seen.add(row.id)
            found.extend(f"{path.name}, {row.id}: {problem}" for problem in _row_problems(row))
    return found


def _row_problems(row: Any) -> Iterable[str]:
    drugs = (*row.drugs, *(row.with_drugs if isinstance(row, InteractionRow) else ()))
    drugs += row.not_for if isinstance(row, ConditionalRow) else ()
    allergens = row.allergens if isinstance(row, AllergyRow) else ()
    for name, prefix in [*((d, "medication.") for d in drugs), *((a, "allergy.") for a in allergens)]:
        if name not in vocabulary() or not name.startswith(prefix):
            yield f"{name} is not a declared {prefix}* fact"
    if not isinstance(row, ConditionalRow):
        return
    try:
        criterion = row.criterion
        if row.examples is not None:
            yield from example_problems(criterion, row.examples)
    except ValueError as error:
        yield str(error)


def uncovered(drugs: Iterable[str]) -> dict[str, list[str]]:
    """For each drug the areas that the tables neither speak of nor say were reviewed.

    Allergy is not among them: a record of the drug itself or its class is compared by name (`agent/verify`).
    """
    wanted = ("interaction", "contraindication", "pregnancy", "renal", "hepatic")
    missing: dict[str, list[str]] = {}
    for drug in drugs:
        said: set[str] = set()
        for row in rows_for(drug):
            if isinstance(row, ReviewedRow):
                said.update(row.nothing_for)
            elif isinstance(row, ConditionalRow):
                said.update({row.kind, row.area})
            else:
                said.add(row.kind)
        if lacking := [area for area in wanted if area not in said]:
            missing[drug] = lacking
    return missing
