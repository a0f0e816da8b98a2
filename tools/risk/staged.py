"""What the records make the T and N category, the stage group and the prostate risk group, as evidence.

The rules and their sources are in `knowledge/staging.yaml`. The evidence carries no facts: what follows is worked out
anew whenever facts are read, so that a later record is never held against an earlier conclusion.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.factbook import Authority, FactBook, SourcedFact
from knowledge.facts import Fact, FactValue, vocabulary
from knowledge.staging import Derived, worked_out
from knowledge.units import written_unit
from tools.case import Language
from tools.evidence import Calculation, Evidence, Provenance

TNM = "AJCC 8th edition"
_DOI = {"tumour.prostate_risk": "10.1001/jama.280.11.969"}
_TOOL = "predict_risk"


def staged(facts: FactBook, language: Language, version: str, supposed: Sequence[Fact] = ()) -> list[Evidence]:
    """One evidence for each category or group that follows and is not just what is recorded.

    `supposed`: the facts of a what-if that are in `facts`; what follows is then said to be supposed.
    """
    rests_on = {fact.name for fact in supposed}
    found = []
    for made in worked_out(facts):
        if not rests_on:
            found += [_evidence(made, facts, language, version)] if _is_news(made, facts) else []
        elif rests_on & {entry.fact.name for entry in (made.source, *made.also)} or _follows(made, rests_on):
            found.append(_if_so(_evidence(made, facts, language, version), supposed, language))
    return found


def _follows(made: Derived, names: set[str]) -> bool:
    """Whether a group rests on a category that itself follows from one of `names`."""
    return any(entry.derived_from in names for entry in (made.source, *made.also))


def _if_so(item: Evidence, supposed: Sequence[Fact], language: Language) -> Evidence:
    joint = ", " if language == "en" else "、"
    what = joint.join(_said(SourcedFact(fact, "", Authority.TOOL), language) for fact in supposed)
    plain = item.claim[1:2].islower()  # `T3, N0` keeps its capital
    claim = item.claim[:1].lower() + item.claim[1:] if plain else item.claim
    text = f"Supposing {what}: {claim}" if language == "en" else f"假设{what}：{item.claim}"
    return item.model_copy(update={"claim": text, "facts": (Fact(name="risk.what_if", value=what),)})


def _is_news(made: Derived, facts: FactBook) -> bool:
    held = next((entry for entry in facts.all(made.name) if entry.derived_from is None), None)
    return held is None or str(made.value) not in vocabulary()[made.name].code_ancestors(str(held.fact.value))


def _evidence(made: Derived, facts: FactBook, language: Language, version: str) -> Evidence:
    sources = (made.source, *made.also)
    recorded = next((entry for entry in facts.all(made.name) if entry.derived_from is None), None)
    ids = [*(entry.evidence_id for entry in sources), *([recorded.evidence_id] if recorded else [])]
    write = _chinese if language == "zh" else _english
    return Evidence(
        kind="risk_estimate",
        claim=write(made, sources, recorded),
        locator=Calculation(
            model=made.name, inputs=tuple(dict.fromkeys(i for i in ids if i)), identifier=_DOI.get(made.name)
        ),
        provenance=Provenance(tool=_TOOL, tool_version=version, data_release=TNM, parameters={"model": made.name}),
    )


def _english(made: Derived, sources: tuple[SourcedFact, ...], recorded: SourcedFact | None) -> str:
    what = " and ".join(
        filter(None, [", ".join(_said(entry, "en") for entry in sources[:-1]), _said(sources[-1], "en")])
    )
    label, value = vocabulary()[made.name].label["en"], _value(made.name, made.value, "en")
    by = f" ({TNM})" if made.name != "tumour.prostate_risk" else ""
    end = f", not {_value(made.name, recorded.fact.value, 'en')} as recorded" if recorded else ""
    verb = "make" if len(sources) > 1 else "makes"
    return f"{what[0].upper()}{what[1:]} {verb} the {label} {value}{by}{end}."


def _chinese(made: Derived, sources: tuple[SourcedFact, ...], recorded: SourcedFact | None) -> str:
    what = "、".join(_said(entry, "zh") for entry in sources)
    label, value = vocabulary()[made.name].label["zh"], _value(made.name, made.value, "zh")
    by = "（按AJCC第8版）" if made.name != "tumour.prostate_risk" else ""
    end = f"，与记录的{_value(made.name, recorded.fact.value, 'zh')}不符" if recorded else ""
    return f"据{what}，{label}为{value}{by}{end}。"


def _said(entry: SourcedFact, language: Language) -> str:
    fact = entry.fact
    label = fact.spec.label.get(language, fact.name)
    if isinstance(fact.value, bool):
        none = {"en": f"no {label}", "zh": f"无{label}"}[language]
        return label if fact.value else none
    if fact.spec.kind == "code":
        return _value(fact.name, fact.value, language)
    unit = "" if fact.unit in (None, "1") else f" {written_unit(fact.unit or '')}"
    return f"{label}{' ' if language == 'en' else ''}{fact.value:g}{unit}" if not isinstance(fact.value, str) else label


def _value(name: str, value: FactValue, language: Language) -> str:
    return vocabulary()[name].values[str(value)].label.get(language, str(value))
