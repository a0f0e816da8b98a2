"""`predict_risk`: published risk models for this patient, with what-if."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from pydantic import BaseModel, Field

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from tools.case import Language
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult
from tools.registry import Arguments, ToolContext, ToolSpec
from tools.risk.catalogue import DERIVED_FROM, get_model, models
from tools.risk.chinese import in_chinese
from tools.risk.compute import Estimate, estimate
from tools.risk.explain import Explanation, Influence, SweepPoint, explain, influences, run_over
from tools.risk.model import RiskModel
from tools.risk.named import models_named
from tools.risk.resolve import resolve
from tools.risk.sentences import (
    assumed_text,
    category_comparison,
    claim,
    comparison,
    is_number,
    item_facts,
    made_up,
    problem_texts,
)
from tools.risk.staged import staged

VERSION = "6"
MOST_PICTURES = 6


class Override(Record):
    """A fact to take a different value for (what-if). `unit` is UCUM; booleans and codes have none."""

    name: str
    value: FactValue
    unit: str | None = None


class RiskArguments(Arguments):
    """Which models, and what to change."""

    models: list[str] | None = Field(
        default=None,
        description="Names of models; leave out to run every model that fits this patient with what is known.",
    )
    asked_about: list[str] = Field(
        default_factory=list,
        description="Models that are tried besides, where none is named; why one of them does not apply is said.",
    )
    overrides: list[Override] = Field(
        default_factory=list,
        description="Facts to change for a what-if; the result is compared with the unchanged one.",
    )

    explain: bool = Field(
        default=False, description="Also give the contribution of each input, and which changeable one matters most."
    )
    sweep: str | None = Field(default=None, description="An input to run over its range (with explain).")
    pictures: bool = Field(default=True, description="Draw what is compared and explained.")


class ModelExplanation(Record):
    """Why one result is what it is; `picture` names the stored SVG of the contributions."""

    model: str
    explanation: Explanation
    influences: tuple[Influence, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()
    picture: str | None = None


class Incomplete(Record):
    """A model that would fit this patient, if the `missing` facts (at most three) were known."""

    model: str
    title: str
    field: str
    missing: tuple[str, ...]


class RiskPayload(BaseModel):
    """Estimates now, and after the overrides if there were any (same order); explanations if they were asked for.

    `incomplete` lists, when no model was named, those that lack little.
    """

    estimates: tuple[Estimate, ...] = ()
    what_if: tuple[Estimate, ...] = ()
    explanations: tuple[ModelExplanation, ...] = ()
    incomplete: tuple[Incomplete, ...] = ()


def _barred(estimates: Iterable[Estimate], facts: FactBook) -> tuple[str, ...]:
    """That kidney function is not estimated in a pregnancy, with the evidence of it, where it would have been."""
    held = facts.get("patient.pregnant")
    barred = [
        p for one in estimates for p in one.problems if p.kind == "not_applicable" and p.fact == "patient.pregnant"
    ]
    if held is None or not barred:
        return ()
    return (f"The equations of kidney function from creatinine do not apply in pregnancy ({held.evidence_id}).",)


def _unfit_for_family(facts: FactBook, language: Language) -> tuple[str, ...]:
    """That the Gail model is not for a family with a known BRCA variant, with the evidence of it."""
    held = facts.get("family_history.brca_variant")
    if held is None or held.fact.value is not True or facts.value("condition.breast_cancer") is True:
        return ()
    if language == "zh":
        return (f"Gail模型不适用：家族中有该变异时会低估风险（{held.evidence_id}）。",)
    text = "The Gail model does not apply: it underestimates the risk in a family with that variant"
    return (f"{text} ({held.evidence_id}).",)


def predict_risk(context: ToolContext, arguments: RiskArguments) -> ToolResult:
    """Compute published models from the facts of the ledger.

    Raises:
        ToolRetry: a model or an overridden fact has an unknown name, value or unit.
    """
    started = time.perf_counter()
    facts = context.facts()
    named = [] if arguments.models else _named(context, arguments, facts)
    chosen = [get_model(n) for n in arguments.models] if arguments.models else _together(relevant_models(facts), named)
    changed = what_if_facts(facts, arguments.overrides)
    estimates = [estimate(model, facts) for model in chosen]
    called = frozenset(model.name for model in named)
    lacking = _incomplete(estimates, called, context.language) if arguments.models is None else ()
    barred = _barred(estimates, facts) if arguments.models is None else ()
    barred += _unfit_for_family(facts, context.language) if arguments.models is None else ()
    unfit = _unfit(estimates, called) if arguments.models is None else []
    if arguments.models is None:
        kept = [(m, e) for m, e in zip(chosen, estimates, strict=True) if e.status == "computed"]
        simpler = {name for m, _ in kept for name in m.supersedes}
        kept = [(m, e) for m, e in kept if m.name not in simpler]
        chosen, estimates = [m for m, _ in kept], [e for _, e in kept]
    after = [estimate(model, changed) for model in chosen] if changed is not None else []
    seconds = time.perf_counter() - started
    evidence = [item for one in estimates for item in _evidence(one, context.language, seconds)]
    if arguments.models is None:
        supposed = [override_fact(item) for item in arguments.overrides]
        evidence += staged(_and(changed or facts, evidence), context.language, VERSION, supposed)
    evidence += [_does_not_apply(one, facts, context.language, seconds) for one in unfit]
    explanations = tuple(_explanations(context, facts, chosen, estimates, arguments))
    found_for = {found.model: found for found in explanations}
    evidence += [_made_up(one, found_for[one.model], context, seconds) for one in estimates if one.model in found_for]
    if changed is not None:
        compared = zip(chosen, estimates, after, strict=True)
        evidence.extend(_compared(context, list(compared), facts, changed, arguments, seconds))
    warnings = [text for one in (*estimates, *after) for text in problem_texts(one, context.language)]
    computed = [one for one in estimates if one.status == "computed"]
    warnings.extend(text for one in computed if (text := assumed_text(one, context.language)))
    warnings.extend(barred)
    if not chosen and arguments.models is None:
        warnings.append("No risk model fits what is known of this patient.")
    return ToolResult(
        payload=RiskPayload(
            estimates=tuple(estimates),
            what_if=tuple(after),
            explanations=explanations,
            incomplete=lacking,
        ),
        evidence=tuple(evidence),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _and(facts: FactBook, evidence: list[Evidence]) -> FactBook:
    """The facts with those of new evidence."""
    new = [SourcedFact(fact, item.id, item.authority) for item in evidence for fact in item.facts]
    return facts.with_overrides(entry for entry in new if facts.get(entry.fact.name) is None)


def _explanations(context: ToolContext, facts: FactBook, chosen: list[RiskModel], estimates: list[Estimate],
                  arguments: RiskArguments) -> list[ModelExplanation]:  # fmt: skip
    """Contributions of each computed estimate whose result is a number, with a stored picture."""
    if not arguments.explain:
        return []
    from tools.risk.plots import contributions_svg

    made = []
    for model, one in zip(chosen, estimates, strict=True):
        if one.status != "computed" or model.outputs[0].kind in ("category", "date"):
            continue
        found = resolve(model, facts)
        explanation = explain(model, found)
        points: tuple[SweepPoint, ...] = ()
        if arguments.sweep is not None:
            points = run_over(model, found, arguments.sweep).points
        made.append(
            ModelExplanation(
                model=model.name,
                explanation=explanation,
                influences=influences(model, found),
                sweep=points,
                picture=_store(context, model.name, contributions_svg(explanation)) if arguments.pictures else None,
            )
        )
    return made


# Fields whose models foretell the same.
_ONE_IS_ENOUGH = frozenset({"cardiovascular"})


def _incomplete(estimates: list[Estimate], named: frozenset[str], language: Language) -> tuple[Incomplete, ...]:
    """Those that lack little, those that were named first, then the fewest facts first.

    Of a field in which another model gives a result there is none but those that were named.
    """
    made = []
    answered = {get_model(one.model).field for one in estimates if one.status == "computed"} & _ONE_IS_ENOUGH
    for one in estimates:
        missing = tuple(p.fact for p in one.problems if p.kind == "missing" and p.fact)
        if one.status == "missing" and 0 < len(missing) <= 3:
            field = get_model(one.model).field
            if field in answered and one.model not in named:
                continue
            title = in_chinese(one.title) if language == "zh" else one.title
            made.append(Incomplete(model=one.model, title=title, field=field, missing=missing))
    return tuple(sorted(made, key=lambda item: (item.model not in named, len(item.missing))))


_OF_PATIENTS = frozenset({"cardiovascular", "cancer", "liver", "acute"})  # formulas of the laboratory are not meant


def _named(context: ToolContext, arguments: RiskArguments, facts: FactBook) -> list[RiskModel]:
    """The models that were asked about, and those that the notes name and for which something is recorded."""
    asked = [get_model(name) for name in arguments.asked_about]
    text = "\n".join(note.text for note in context.case.notes)
    return _together(
        asked, [m for n in models_named(text) if (m := get_model(n)).field in _OF_PATIENTS and _recorded(m, facts)]
    )


def _together(first: list[RiskModel], then: list[RiskModel]) -> list[RiskModel]:
    return list({model.name: model for model in (*first, *then)}.values())


def _recorded(model: RiskModel, facts: FactBook) -> bool:
    """Whether two inputs besides age and sex are recorded, or one where the model has no more."""
    inputs = [i for i in model.inputs if i.fact not in ("patient.age", "patient.sex")]
    return sum(facts.get(i.fact) is not None for i in inputs) >= min(2, len(inputs))


def _unfit(estimates: list[Estimate], named: frozenset[str]) -> list[Estimate]:
    """Those that somebody named, or that the presentation calls for, and that are not for this patient."""
    return [
        one
        for one in estimates
        if one.status == "not_applicable" and (one.model in named or get_model(one.model).field == "acute")
    ]


def _does_not_apply(one: Estimate, facts: FactBook, language: Language, seconds: float) -> Evidence:
    """Why a model is not used, with the evidence that speaks against it."""
    why = next(p for p in one.problems if p.kind == "not_applicable")
    held = facts.get(why.fact) if why.fact else None
    inputs = (held.evidence_id,) if held is not None and held.evidence_id else ()
    return Evidence(
        kind="risk_estimate",
        claim=problem_texts(one.model_copy(update={"problems": (why,)}), language)[0],
        facts=(Fact(name="risk.model", value=one.title),),
        locator=Calculation(model=one.model, inputs=inputs, identifier=one.doi or None),
        provenance=_provenance(one, seconds),
    )


def relevant_models(facts: FactBook) -> list[RiskModel]:
    """Models for which one of their `relevant` facts is known, and true where it is a boolean."""
    found = []
    for model in models().values():
        values = (facts.value(name) for name in model.relevant)
        measured = ((facts.value(name), bound) for name, bound in model.relevant_values)
        if any(value is not None and value is not False for value in values) or any(
            isinstance(value, int | float) and value >= bound for value, bound in measured
        ):
            found.append(model)
    return found


def what_if_facts(facts: FactBook, overrides: list[Override]) -> FactBook | None:
    """`facts` with the overrides in place, and without computed facts that rested on what was changed."""
    if not overrides:
        return None
    replaced = [SourcedFact(override_fact(o), "", Authority.PHYSICIAN) for o in overrides]
    names = {entry.fact.name for entry in replaced}
    stale = {name for name, source in DERIVED_FROM.items() if name not in names and _rests_on(source, names)}
    kept = FactBook(
        entry
        for name in facts.names()
        for entry in facts.all(name)
        if not entry.derived_from and not (name in stale and entry.authority == Authority.TOOL)
    )
    return kept.with_overrides(replaced)


def _rests_on(source: str, names: set[str]) -> bool:
    if source.startswith("="):
        return False
    return any(item.fact in names for item in get_model(source).inputs)


def override_fact(override: Override) -> Fact:
    """The override as a fact. Raises `ToolRetry` where name, value or unit do not fit."""
    spec = vocabulary().spec(override.name)
    unit = override.unit
    if spec.kind == "quantity" and unit is None:
        raise ToolRetry(f"{override.name} needs a unit such as {spec.unit}.")
    try:
        fact = Fact(name=override.name, value=override.value, unit=unit)
    except ValueError as error:
        message = str(error).split("Value error, ")[-1].split(" [type=")[0]
        raise ToolRetry(f"{message}.") from None
    return fact


def _provenance(one: Estimate, seconds: float) -> Provenance:
    return Provenance(
        tool="predict_risk", tool_version=VERSION, data_release=one.source, parameters={"model": one.model},
        seconds=round(seconds, 4),
    )  # fmt: skip


def _locator(one: Estimate) -> Calculation:
    ids = dict.fromkeys(i for item in one.inputs for i in item.evidence_ids)
    return Calculation(model=one.model, inputs=tuple(ids), identifier=one.doi or None)


def _evidence(one: Estimate, language: Language, seconds: float) -> list[Evidence]:
    """One evidence for the main result of a computed estimate, and for each other one that is a declared fact."""
    return [
        Evidence(
            kind="risk_estimate",
            claim=claim(one, output, language),
            facts=item_facts(one, output),
            locator=_locator(one),
            provenance=_provenance(one, seconds),
        )
        for i, output in enumerate(one.outputs)
        if i == 0 or output.fact or output.told
    ]


def _made_up(one: Estimate, found: ModelExplanation, context: ToolContext, seconds: float) -> Evidence:
    """What each input adds to a result, as a sentence."""
    return Evidence(
        kind="risk_estimate",
        claim=made_up(one, found.explanation, context.language),
        locator=_locator(one),
        provenance=_with_picture(_provenance(one, seconds), found.picture),
    )


def _compared(context: ToolContext, rows: list[tuple[RiskModel, Estimate, Estimate]], facts: FactBook,
              changed: FactBook, arguments: RiskArguments, seconds: float) -> list[Evidence]:  # fmt: skip
    """What the changes do to each result; the main one of a model that they move names its stored picture."""
    from tools.risk.what_if import picture

    changes = [override_fact(o) for o in arguments.overrides]
    found: list[Evidence] = []
    drawn = 0
    for model, before, after in rows:
        made = _what_if_evidence(before, after, changes, context.language, seconds)
        moved = any(e.fact("risk.difference") or e.fact("risk.score_difference") for e in made[:1])
        if made and moved and arguments.pictures and drawn < MOST_PICTURES:
            svg = picture(model, before, after, facts, changed, changes)
            if svg is not None:
                name = _store(context, f"what-if-{model.name}", svg)
                made[0] = made[0].model_copy(update={"provenance": _with_picture(made[0].provenance, name)})
                drawn += 1
        found.extend(made)
    return found


def _store(context: ToolContext, stem: str, svg: str) -> str:
    data = svg.encode()
    return context.artifacts.write(f"risk-{stem}-{hashlib.sha256(data).hexdigest()[:8]}.svg", data)


def _with_picture(made: Provenance, name: str | None) -> Provenance:
    if name is None:
        return made
    return made.model_copy(update={"parameters": {**made.parameters, "picture": name}})


def _what_if_evidence(
    before: Estimate, after: Estimate, changes: list[Fact], language: Language, seconds: float
) -> list[Evidence]:
    if before.status != "computed" or after.status != "computed":
        return []
    found = []
    touched = {fact.name for fact in changes} & {item.fact for item in get_model(before.model).inputs}
    later = {output.key: output for output in after.outputs}
    for output in before.outputs:
        if output.key not in later or not (is_number(output, later[output.key]) or output.text):
            continue
        if not touched and later[output.key].value == output.value:
            continue
        compared = comparison if is_number(output, later[output.key]) else category_comparison
        text, facts = compared(before, output, later[output.key], changes, language)
        found.append(
            Evidence(
                kind="risk_estimate",
                claim=text,
                facts=facts,
                locator=_locator(before),
                provenance=_provenance(before, seconds),
            )
        )
    return found


SPEC: ToolSpec[RiskArguments] = ToolSpec(
    name="predict_risk",
    version=VERSION,
    summary=(
        "Published risk models and scores (heart, lung nodule, kidney, liver, acute, cancer) for this patient "
        "from what is known. Use overrides to answer what-if questions."
    ),
    arguments=RiskArguments,
    payload=RiskPayload,
    run=predict_risk,
    uses_ledger=True,
)
