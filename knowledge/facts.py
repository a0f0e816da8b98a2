"""The vocabulary of facts and the `Fact` itself.

A fact is a named, typed, unit-bearing value. Its name is declared once, in `knowledge/vocabulary/*.yaml`,
so that a guideline criterion, a risk input and a tool output that mean the same thing share a name.

Names are dotted: `patient.age`, `lab.creatinine`, `condition.diabetes_type_2`, `biomarker.EGFR.L858R`.
Things that a patient has or takes (conditions, medications, allergies, biomarkers) are boolean facts:
true is present, false is known to be absent, and no fact at all is unknown. `implies` gives the hierarchy:
type 2 diabetes implies diabetes, and its absence follows from the absence of diabetes.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.errors import BadInput, ToolRetry
from knowledge.units import convert
from knowledge.yamlfile import load_yaml

VOCABULARY_DIR = Path(__file__).parent / "vocabulary"
_NAME = re.compile(r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9_][A-Za-z0-9_+-]*)+$")

FactKind = Literal["quantity", "integer", "boolean", "code", "text"]
FactScope = Literal["patient", "item"]
FactValue = bool | int | float | str


class CodeValue(BaseModel):
    """One value that a code fact may take, with the broader codes that it belongs to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: dict[str, str] = Field(default_factory=dict)
    parents: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    codes: dict[str, str] = Field(default_factory=dict)


class FactSpec(BaseModel):
    """Declaration of one fact name.

    Attributes:
        kind: type of the value. A quantity has a UCUM `unit`; a code takes one of `values`.
        scope: `patient` facts are true of the patient and feed criteria and risk models; `item` facts
            describe one lesion, variant or passage and are for display and verification.
        plausible: inclusive range in `unit`; values outside are refused as input errors.
        molar_mass_g_per_mol: lets mg/dL and mmol/L convert into each other.
        conversions: for units that arithmetic alone cannot convert: unit -> (slope, intercept) into `unit`, such as
            `mmol/mol` of haemoglobin A1c or `meq/L` of a monovalent ion. They come before all other rules.
        implies: boolean facts that are true whenever this one is true.
        shown_by: facts whose value, whatever it is, shows that this boolean fact (a test) is true; `name=code` for one
            value of a code.
        codes: identifiers in public code systems (`loinc`, `snomed`, `icd10`, `rxnorm`, `atc`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: FactKind
    label: dict[str, str]
    unit: str | None = None
    scope: FactScope = "patient"
    values: dict[str, CodeValue] = Field(default_factory=dict)
    plausible: tuple[float, float] | None = None
    molar_mass_g_per_mol: float | None = None
    conversions: dict[str, tuple[float, float]] = Field(default_factory=dict)
    implies: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    codes: dict[str, str] = Field(default_factory=dict)
    description: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not a dotted lower-case name")
        if (self.kind == "quantity") != (self.unit is not None):
            raise ValueError(f"{self.name}: a quantity, and only a quantity, has a unit ('1' for a plain number)")
        if (self.kind == "code") != bool(self.values):
            raise ValueError(f"{self.name}: a code fact, and only a code fact, lists its values")
        if (self.implies or self.shown_by) and self.kind != "boolean":
            raise ValueError(f"{self.name}: only boolean facts imply others or are shown by others")
        return self

    def to_canonical(self, value: float, unit: str) -> float:
        """`value` in `unit` expressed in the unit of this quantity. Raises `ToolRetry` as `units.convert` does."""
        if unit in self.conversions:
            slope, intercept = self.conversions[unit]
            return slope * value + intercept
        return convert(value, unit, self.unit or "1", self.molar_mass_g_per_mol)

    def code_ancestors(self, code: str) -> frozenset[str]:
        """The code itself and every broader code that it belongs to."""
        found: set[str] = set()
        todo = [code]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                todo.extend(self.values[current].parents if current in self.values else ())
        return frozenset(found)


class Vocabulary(Mapping[str, FactSpec]):
    """All declared facts, by name."""

    def __init__(self, specs: Mapping[str, FactSpec]) -> None:
        self._specs = dict(specs)
        for spec in self._specs.values():
            for target in spec.implies:
                if target not in self._specs or self._specs[target].kind != "boolean":
                    raise ValueError(f"{spec.name} implies {target!r}, which is not a declared boolean fact")
            for code, value in spec.values.items():
                for parent in value.parents:
                    if parent not in spec.values:
                        raise ValueError(f"{spec.name}: {code} has the undeclared parent {parent!r}")
        self._implied_by: dict[str, list[str]] = {}
        for spec in self._specs.values():
            for target in spec.implies:
                self._implied_by.setdefault(target, []).append(spec.name)
        self._shows: dict[str, list[str]] = {}
        for spec in self._specs.values():
            for source in spec.shown_by:
                fact, _, code = source.partition("=")
                if fact not in self._specs or (code and code not in self._specs[fact].values):
                    raise ValueError(f"{spec.name} is shown by {source!r}, which is not declared")
                self._shows.setdefault(source, []).append(spec.name)

    def __getitem__(self, name: str) -> FactSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def spec(self, name: str) -> FactSpec:
        """The declaration of `name`. Raises `ToolRetry` naming the nearest declared facts."""
        found = self._specs.get(name)
        if found is None:
            import difflib

            near = difflib.get_close_matches(name, self._specs, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise ToolRetry(f"No fact is named {name!r}.{hint}")
        return found

    def consequences(self, name: str, value: bool) -> list[str]:
        """Boolean facts that follow from `name` being `value`: implied ones if true, implying ones if false."""
        found: list[str] = []
        todo = self._next(name, value)
        while todo:
            current = todo.pop(0)
            if current not in found:
                found.append(current)
                todo.extend(self._next(current, value))
        return found

    def shown(self, name: str, value: FactValue) -> list[str]:
        """Boolean facts that are true because `name` has a value: a test is done once its result is known, and a
        broader code holds where a narrower one does.

        A found narrow result shows the broad test as well; the absence of a narrow result shows only its own.
        """
        codes = self._specs[name].code_ancestors(value) if isinstance(value, str) else (value,)
        sources = [
            name,
            *(f"{name}={code}" for code in codes),
            *(self.consequences(name, True) if value is True else ()),
        ]
        done = [test for source in sources for test in self._shows.get(source, ())]
        return list(dict.fromkeys([*done, *(more for test in done for more in self.consequences(test, True))]))

    def _next(self, name: str, value: bool) -> list[str]:
        return list(self._specs[name].implies) if value else list(self._implied_by.get(name, ()))

    def find(self, prefix: str, text: str) -> str | None:
        """The fact under `prefix` (such as `condition.`) whose name, label or synonym is `text`, ignoring case."""
        return _index(self, prefix).get(_fold(text))


_INDEXES: dict[tuple[int, str], dict[str, str]] = {}


def _index(vocabulary: Vocabulary, prefix: str) -> dict[str, str]:
    key = (id(vocabulary), prefix)
    if key not in _INDEXES:
        made: dict[str, str] = {}
        for name, spec in vocabulary.items():
            if name.startswith(prefix):
                for text in (name[len(prefix) :], name, *spec.label.values(), *spec.synonyms, *spec.codes.values()):
                    made.setdefault(_fold(text), name)
        _INDEXES[key] = made
    return _INDEXES[key]


def _fold(text: str) -> str:
    return re.sub(r"[\s_\-]+", " ", text).strip().casefold()


def load_vocabulary(directory: Path) -> Vocabulary:
    """Read every `*.yaml` in `directory`. A file is a mapping `facts: {name: spec}`, and may give `defaults`.

    Raises:
        BadInput: a file is not of that form, a spec is wrong, or a name is declared twice.
    """
    specs: dict[str, FactSpec] = {}
    for path in sorted(directory.glob("*.yaml")):
        data = load_yaml(path)
        defaults: dict[str, Any] = data.get("defaults", {})
        for name, body in data["facts"].items():
            if name in specs:
                raise BadInput(path.name, name, "it is declared twice", "one declaration of each name")
            try:
                specs[name] = FactSpec.model_validate({**defaults, **(body or {}), "name": name})
            except ValueError as error:
                raise BadInput(path.name, name, str(error), "a FactSpec") from None
    return Vocabulary(specs)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with Consilium, read once."""
    return load_vocabulary(VOCABULARY_DIR)


class Fact(BaseModel):
    """One value of a declared fact, as its source gives it.

    `value` and `unit` are kept as given, so that a sentence can be checked against them to the digit;
    `canonical()` converts to the unit of the vocabulary. `at` is when it was true (ISO date or time).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str
    value: FactValue
    unit: str | None = None
    at: dt.date | dt.datetime | None = None

    @model_validator(mode="after")
    def _declared(self) -> Self:
        spec = vocabulary().get(self.name)
        if spec is None:
            raise ValueError(f"no fact is named {self.name!r}")
        _check_type(spec, self.value)
        if spec.kind == "quantity":
            if self.unit is None:
                raise ValueError(f"{self.name} needs a unit such as {spec.unit}")
            if self.unit != spec.unit:
                _check_unit(spec, self.unit)
        elif self.unit is not None:
            raise ValueError(f"{self.name} has no unit")
        return self

    @property
    def spec(self) -> FactSpec:
        """The declaration of this fact."""
        return vocabulary()[self.name]

    def canonical(self) -> FactValue:
        """The value in the unit of the vocabulary (unchanged where the fact has no unit)."""
        spec = self.spec
        if spec.unit is None or self.unit is None:
            return self.value
        return spec.to_canonical(float(self.value), self.unit)

    def is_plausible(self) -> bool:
        """Whether a number lies in the plausible range of its declaration."""
        spec = self.spec
        if spec.plausible is None or isinstance(self.value, bool | str):
            return True
        low, high = spec.plausible
        return low <= float(self.canonical()) <= high


def _check_type(spec: FactSpec, value: FactValue) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if spec.kind == "boolean" and not isinstance(value, bool):
        raise ValueError(f"{spec.name} takes true or false")
    if spec.kind == "quantity" and not is_number:
        raise ValueError(f"{spec.name} takes a number")
    if spec.kind == "integer" and not (isinstance(value, int) and is_number):
        raise ValueError(f"{spec.name} takes a whole number")
    if spec.kind == "code" and value not in spec.values:
        raise ValueError(f"{spec.name} takes one of {', '.join(spec.values)}")
    if spec.kind == "text" and not isinstance(value, str):
        raise ValueError(f"{spec.name} takes text")
    if is_number and not math.isfinite(float(value)):
        raise ValueError(f"{spec.name} takes a finite number")


def _check_unit(spec: FactSpec, unit: str) -> None:
    try:
        spec.to_canonical(1.0, unit)
        ok = True
    except ToolRetry:
        ok = False
    if not ok:
        raise ValueError(f"{spec.name} cannot be given in {unit!r}; use {spec.unit}")
