"""What the newest message tells, supposes and asks, in the light of the messages before it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from agent.builtin.implied import implied
from agent.builtin.options import applying
from agent.builtin.questions import (
    asked_models,
    asks_risk,
    asks_why,
    doubts_figure,
    how_made_up,
    named_drugs,
    named_tests,
    parted,
    supposes,
    suppositions,
    what_if,
)
from agent.builtin.reading import Situation, lung_lesions
from knowledge.criteria import facts_of
from knowledge.facts import vocabulary
from knowledge.recommendations import recommendations
from tools.language import without_order

# Words that take up what was supposed before: "in that smoker", "and then apixaban?".
_TAKES_UP = re.compile(
    r"\b(?:that|such an?|the same|this)\s+(?:case|patient|person|man|woman|smoker|situation|scenario|event)\b"
    r"|\bin that\b|\bthen\b|\bstill\b|\balso\b|\bas well\b|\bon top\b|\bwould\b"
    r"|同样|那(?:么|样|时|还|就)|这种情况|这样|此时|仍|还",
    re.I,
)
# Words that leave what was supposed.
_AS_SHE_IS = re.compile(
    r"\bback to\b|\bin (?:reality|fact)\b"
    r"|\b(?:real|actual|true) (?:result|value|case|patient|situation|data|finding)s?\b"
    r"|\b(?:as (?:s?he|it) (?:really |actually )?is)\b|\bforget that\b|回到|实际(?:情况|结果|上)|真实(?:情况|结果)",
    re.I,
)
# Words that stand for the drug spoken of before.
_THE_DRUG = re.compile(
    r"\b(?:(?:give|use|start|continue|stop|take|taking|keep|reduce|increase|try|on|with|without)\s+(?:it|them|this|that)"
    r"|(?:this|that|the|same|half(?: the)?|full|lower|higher|reduced)\s+(?:drug|dose|medicine|tablet|agent))\b"
    r"|\bdos(?:e|es|ing|age)\b"
    r"|(?:该|这个|此|这种)药|剂量|减量|足量|全量|半量|减半|加量|原量|停药|继续(?:用|吃|服)",
    re.I,
)

# `Is it safe with verapamil?`: the drug spoken of before, with the one that is named.
_WITH_IT = re.compile(
    r"\b(?:it|this|that|them)\b[^.?]{0,25}?\b(?:safe|fine|ok|okay|compatible|possible|all right|allowed|given|taken|"
    r"used|combined|interact\w*)?\s*\b(?:with|alongside|together with|on top of)\b"
    r"|\b(?:combin|interact)\w*\b[^.?]{0,20}\bwith\b|(?:能|可以?|可否)?(?:与|和|同)[^，。？]{1,15}(?:合用|联用|同用|同服|一起)",
    re.I,
)
_EITHER = re.compile(r"\b(?:or|versus|vs|instead of|rather than|than)\b|或|还是|代替|改用|换成", re.I)


@dataclass(frozen=True)
class Asked:
    """The newest message.

    Attributes:
        told: its sentences that tell something of the patient; the rest is `text`.
        overrides: the facts that it supposes, with those that it takes up from the message before.
        unread: it supposes something that was not understood as facts.
        drugs: `medication.*` facts of the drugs that it is about; to be given with one another where `together` is set.
        tests: `test.*`, `procedure.*` and `therapy.*` facts that it asks whether or why not to do.
        models: published models that answer it, with how their results are made up where `explain` is set.
        why: it asks for reasons.
    """

    told: str = ""
    text: str = ""
    overrides: tuple[dict[str, Any], ...] = ()
    unread: bool = False
    drugs: tuple[str, ...] = ()
    together: bool = False
    tests: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    explain: bool = False
    why: bool = False


def read_question(situation: Situation) -> Asked:
    """What the newest message is about."""
    message = without_order(situation.follow_up or "")
    told, text = parted(message, situation.language, situation.tumour, of_lung=_has_nodule(situation))
    meant = _THE_DRUG.search(text) is not None and not asks_why(text)
    drugs = named_drugs(text) or _drugs_of_a_gene(situation, text)
    drugs = drugs or (_drugs_before(situation) if meant else [])
    if len(drugs) == 1 and _WITH_IT.search(text):
        drugs = list(dict.fromkeys([*_drugs_before(situation), *drugs]))
    models, explain = asked_models(text) or _of_malignancy(situation, text), how_made_up(text)
    own = supposed(situation, text)
    about = bool(own or drugs or models)
    overrides = _taken_up(situation, text, about=about) | {item["name"]: item for item in own}
    return Asked(
        told=told,
        text=text,
        overrides=tuple(overrides.values())[:12],
        unread=supposes(text) and not own,
        drugs=_of_drugs(situation, drugs, overrides),
        tests=tuple(named_tests(text)),
        together=len(drugs) > 1 and _EITHER.search(text) is None,
        models=models or (_models_before(situation) if explain or doubts_figure(text) else ()),
        explain=explain,
        why=asks_why(text),
    )


def _of_drugs(situation: Situation, drugs: list[str], overrides: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """The drugs that a message is about: those that it names; what is supposed concerns those spoken of before, too.

    A drug that is supposed to be taken is checked against the one spoken of before.
    """
    added = {name for name, item in overrides.items() if name.startswith("medication.") and item["value"] is True}
    alone = not drugs or (len(drugs) == 1 and added >= set(drugs))
    before = _drugs_before(situation) if overrides and alone else []
    return tuple(dict.fromkeys([*drugs, *before]))


def supposed(situation: Situation, text: str) -> list[dict[str, Any]]:
    """The facts that a message supposes by itself."""
    of_lung = _has_nodule(situation)
    gene = _gene_meant(situation, text)
    named = suppositions(text, situation.language, situation.tumour, of_lung=of_lung, gene=gene)
    meant = implied(
        text,
        pregnant=any(value is True for _, _, value in situation.with_fact("patient.pregnant")),
        sized=what_if(text) and bool(situation.with_fact("tumour.size")),
        of_lung=what_if(text) and of_lung,
        as_of=_day_of(situation),
    )
    return list((meant | {item["name"]: item for item in named}).values())


_NOTE_OF = re.compile(r"\bnote of (\d{4}-\d\d-\d\d)\b")


def _day_of(situation: Situation) -> dt.date | None:
    """The day of the case: as the recommendations were matched for it, else that of the newest scan or note."""
    matched = situation.latest("match_recommendations")
    given = str(matched.payload.get("as_of") or "") if matched else ""
    days = [item.at for item in situation.evidence.values() if item.at]
    days += [found[1] for item in situation.evidence.values() if (found := _NOTE_OF.search(item.claim))]
    day = given or max(days, default="")
    return dt.date.fromisoformat(day[:10]) if day else None


def _has_nodule(situation: Situation) -> bool:
    """Whether "the nodule" of this patient is one of the lung."""
    return bool(situation.with_fact("nodule.")) or bool(lung_lesions(situation))


def _gene_meant(situation: Situation, text: str) -> str:
    """The gene of a metaboliser or of star alleles that are named without it: the one that was spoken of with these
    alleles, the only one tested, or the one that the drug is about."""
    known = {_gene(name) for _, name, _ in situation.with_fact("phenotype.")}
    alleles = set(_ALLELE.findall(text))
    spoken = [*situation.spoken, *(item.claim for item in situation.evidence.values())]
    beside = {gene for gene in known for said in spoken if gene in said and alleles & set(_ALLELE.findall(said))}
    known = beside or known
    drugs = set(named_drugs(text) or _drugs_before(situation))
    if len(known) > 1 and drugs:
        advice = [r for r in recommendations().current() if drugs & set(r.action.drugs)]
        known &= {_gene(name) for item in advice for name in facts_of(item.criterion)}
    return known.pop() if len(known) == 1 else ""


_ALLELE = re.compile(r"\*\d+[A-Z]?")


def _gene(fact: str) -> str:
    return fact.removeprefix("phenotype.").removesuffix("_activity_score")


def _taken_up(situation: Situation, text: str, *, about: bool) -> dict[str, dict[str, Any]]:
    """What the messages before supposed, as long as each takes up the one before it."""
    found: dict[str, dict[str, Any]] = {}
    for earlier in reversed(situation.spoken[1:-1]):
        if not about or _AS_SHE_IS.search(text) or not _TAKES_UP.search(text):
            break
        own = supposed(situation, earlier)
        if not own:
            break
        found = {item["name"]: item for item in own} | found
        text = earlier
    return found


def _drugs_of_a_gene(situation: Situation, text: str) -> list[str]:
    """The drugs of the recommendations that rest on the patient's phenotype of a gene that the question names."""
    named = {f"phenotype.{gene}" for gene in re.findall(r"(?<![A-Za-z0-9])[A-Z][A-Z0-9]{2,8}(?![A-Za-z0-9])", text)}
    return list(
        dict.fromkeys(
            drug
            for item in applying(situation)
            if named & {str(b.get("fact")) for b in item.get("because", [])}
            for drug in (item.get("action") or {}).get("drugs", [])
            if ".class_" not in drug
        )
    )


def _drugs_before(situation: Situation) -> list[str]:
    """The drugs that were spoken of last."""
    return next((drugs for text in reversed(situation.spoken[:-1]) if (drugs := named_drugs(text))), [])


_MALIGNANT = re.compile(r"malignan|\bcancer\b|恶性|癌", re.I)


def _of_malignancy(situation: Situation, text: str) -> tuple[str, ...]:
    """The models of a lung nodule, where its patient's risk of malignancy is asked for without a name."""
    types = (str(value) for _, _, value in situation.types)
    of_lung = any("lung_cancer" in vocabulary()["tumour.type"].code_ancestors(value) for value in types)
    asked = asks_risk(text) and _MALIGNANT.search(text) is not None
    return ("brock", "mayo_nodule") if asked and _has_nodule(situation) and not of_lung else ()


def _models_before(situation: Situation) -> tuple[str, ...]:
    """The models that were asked about last, else every model that ever gave this patient a score or probability."""
    estimates = [
        one
        for answer in situation.answered
        if answer.tool == "predict_risk"
        for one in answer.payload.get("estimates", [])
        if one.get("status") == "computed"
    ]
    scores = {str(one["model"]) for one in estimates if one["outputs"][0]["kind"] in ("score", "probability")}
    asked = next((models for text in reversed(situation.spoken[:-1]) if (models := asked_models(text))), ())
    return tuple(name for name in asked if name in scores) or tuple(sorted(scores))
