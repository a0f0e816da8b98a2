"""What a follow-up question is about: a statement, a supposition, drugs, risks, a section of the draft."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from knowledge.facts import FactValue, vocabulary
from knowledge.regimens import drugs_of
from tools.case import Language
from tools.risk.named import models_named

_WHAT_IF = re.compile(
    r"\bwhat (?:if|would|happens)\b|\bsuppos(?:e|ing)\b|\bassum(?:e|ing)\b|\bimagine\b|\band if\b|\bhad (?:s?he|the)\b"
    r"|(?<!know )(?<!sure )(?<!see )(?<!check )(?<!ask )(?<!me )(?<!wonder )\bif (?:s?he|they|the|it|her|his|we)\b"
    r"|如果|假如|要是|假设|倘若|若|换(?:一种|个)情况",
    re.I,
)
_SUPPOSED = re.compile(
    r"\bwhat if\b|\bsuppos(?:e|ing)\b|\bassuming\b|\bimagine\b|\band if (?:s?he|they|the|it|her|his)\b"
    r"|如果|假如|要是|假设|倘若|换(?:一种|个)情况",
    re.I,
)
_MADE_UP = re.compile(
    r"\bmade up\b|\bcompos|\b(?:calculat|comput)ed\b|\badds? up\b|\bpoints?\b|\bbreak ?down\b|\bcontribut"
    r"|\b(?:what|which|how)\b[^.?]*\bscor(?:e|es|ed|ing)\b[^.?]*\b(?:from|come|reach|get|consist)"
    r"|\b(?:what|which)\b[^.?]*\b(?:factors?|items?|criteria|findings?|values?|features?)\b[^.?]*"
    r"\b(?:count(?:s|ed)?|scored|went into|go into|enter(?:s|ed)?|earned|gave)\b"
    r"|构成|组成|怎么算|如何(?:计算|算|得)|怎么得|得分|每项|加分|几分|(?:哪些|哪几|什么)(?:因素|项目?|指标|条)",
    re.I,
)
_FIGURE = re.compile(
    r"\b(?:score|risk|figure|estimate|model|calculat\w*|probability)s?\b|评分|风险|模型|估计|概率", re.I
)
_DOUBTED = re.compile(
    r"\b(?:still )?(?:valid|hold|holds|accurate|reliable|trustworth\w*)\b"
    r"|\b(?:still|really)\b[^.?]*\b(?:apply|applies|correct|right)\b"
    r"|还(?:有效|适用|准)|仍(?:有效|适用|准)|可靠|准确吗",
    re.I,
)
_QUOTES = re.compile(r"[\"“”「」《》]|[:：]\s*$|[:：]\s*[\r\n]", re.M)
_WHY = re.compile(
    r"\bwhy\b|\bhow come\b|\breasons?\b|\bwhich (?:source|guideline|paper|label|study|evidence)\b|\bsource (?:for|of)\b"
    r"|\bwhere (?:does|did|do) (?:this|that|it|you)\b[^.?]*\b(?:from|get)\b|\bwho says\b"
    r"|为什么|为何|依据|出处|哪[一个份部篇]*(?:指南|文献|来源|说明书|共识)",
    re.I,
)
_STOPS_SMOKING = re.compile(
    r"\b(?:stop(?:s|ped)?|quit(?:s|ting)?|g(?:ive|ave)s? up|no longer)\b[^.?]*\bsmok|戒烟|不再吸烟", re.I
)
# What turns a supposition into the statement that it supposes.
_SUPPOSING = re.compile(
    r"\b(?:and|but|or)?\s*\b(?:what|how)?\s*(?:would\b[^,?]*|happens\s+)?\bif\b|\bsuppos(?:e|ing)\b(?:\s+that\b)?"
    r"|如果|假如|要是|假设|倘若|若|换(?:一种|个)情况[：:，,]?",
    re.I,
)
_BECOMES = re.compile(
    r"\b(?:were|was|becomes|reaches|(?:rose|fell|(?:rise|fall|drop|increase|decrease|come|goe)s?) (?:down |up )?to)\b",
    re.I,
)
_BECOMES_ZH = re.compile(r"(?:降低?|升高?|增加?|减少?)(?:到|至|为)")
_HAS = re.compile(r"\bhad\b", re.I)
_NODULE = re.compile(r"\b(?:the|this|her|his) (?:nodule|lesion)\b|(?:该|这个)?结节", re.I)
_LUNG_NODULE = {"en": "the lung nodule", "zh": "肺结节"}
_AGE = re.compile(
    r"\b(?:s?he|they|the patient|patient)\s+(?:is|turns|aged)\s+(\d{1,3})\b(?!\s*(?:[mkµu]?g|[cm]m|kg|%|/|beats|bpm))",
    re.I,
)
_METABOLISER = re.compile(
    r"\b(?:poor|slow|intermediate|normal|extensive|rapid|ultra-?rapid) metaboli[sz]er|"
    r"(?:超快|快|慢|弱|中间|正常)代谢型?|\*\d+[A-Z]?\s*/\s*\*\d+[A-Z]?",
    re.I,
)
_PHARMACOGENE = re.compile(r"(?<![A-Za-z])(?:CYP\d\w+|TPMT|NUDT15|DPYD|UGT1A1|NAT2|SLCO1B1)(?![A-Za-z0-9])")
# Published models by what a question asks the risk of; the first that fits the patient counts.
_RISKS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"bleed|出血", re.I), ("has_bled",)),
    (re.compile(r"stroke|卒中|中风", re.I), ("chads_vasc",)),
    (re.compile(r"cardiovascular|heart attack|\bcvd\b|ascvd|coronary|心血管|冠心病", re.I), ("prevent", "score2")),
    (re.compile(r"kidney failure|dialysis|renal failure|end.stage (?:renal|kidney)|肾衰竭|透析", re.I), ("kfre",)),
    (re.compile(r"pulmonary embol|\bwells\b[^.?]*\bPE\b|肺栓塞", re.I), ("wells_pe", "geneva_revised")),
    (re.compile(r"deep vein|\bdvt\b|深静脉", re.I), ("wells_dvt",)),
    (re.compile(r"thrombo|\bvte\b|血栓", re.I), ("khorana", "caprini")),
    (re.compile(r"(?:nodule|malignan)[^.?]*(?:malignan|cancer|nodule)|结节", re.I), ("brock", "mayo_nodule")),
    (re.compile(r"lung cancer|肺癌", re.I), ("plcom2012",)),
    (re.compile(r"breast cancer|乳腺癌", re.I), ("gail",)),
    (re.compile(r"diabetes|糖尿病", re.I), ("findrisc",)),
    (re.compile(r"surg|operation|手术", re.I), ("rcri", "caprini")),
    (re.compile(r"fibrosis|纤维化", re.I), ("fib4",)),
)
_ASKS_RISK = re.compile(r"\brisks?\b|\bscor(?:e|es|ing)\b|probab|chance|likelihood|风险|概率|可能性|评分|积分", re.I)
# What none of these models foretells.
_NO_MODEL = re.compile(
    r"recur|relaps|progress|metasta|surviv|prognos|death|dying|mortalit|hypoglyc"
    r"|复发|进展|转移|生存|预后|死亡|低血糖",
    re.I,
)


def parted(
    message: str, language: Language, tumour: FactValue | None = None, *, of_lung: bool = False
) -> tuple[str, str]:
    """What a message tells of the patient, and what it asks or orders; either may be empty.

    A message that tells nothing is all question. Only whole sentences tell, and none where something is quoted: that is
    not the physician's own.
    """
    from tools.dialogue.statements import facts_told, is_statement, sentences

    parts = sentences(message)
    if _QUOTES.search(message) and len(parts) > 1:
        return "", message
    told = [p for p in parts if is_statement(p) and facts_told(p, language, tumour, of_lung=of_lung)]
    rest = parts if not told else [part for part in parts if not is_statement(part)]
    return " ".join(told), " ".join(rest)


def what_if(question: str) -> bool:
    """Whether it supposes something."""
    return _WHAT_IF.search(question) is not None


def asks_risk(question: str) -> bool:
    """Whether it asks for a risk, a probability or a score."""
    return _ASKS_RISK.search(question) is not None


def asks_why(question: str) -> bool:
    """Whether it asks for reasons."""
    return _WHY.search(question) is not None


def supposes(question: str) -> bool:
    """Whether it supposes, in so many words, something that is not so as far as anybody knows."""
    return _SUPPOSED.search(question) is not None


def how_made_up(question: str) -> bool:
    """Whether it asks what a score or risk is made up of."""
    return _MADE_UP.search(question) is not None


def doubts_figure(question: str) -> bool:
    """Whether it asks if a score or risk still holds."""
    return _FIGURE.search(question) is not None and _DOUBTED.search(question) is not None


def suppositions(
    question: str, language: Language, tumour: FactValue | None = None, *, of_lung: bool = False, gene: str = ""
) -> list[dict[str, Any]]:
    """The facts that a what-if question supposes, in the form that `predict_risk` takes; none for another question.

    Args:
        tumour: the patient's `tumour.type`, which a stage or a marker is then of.
        of_lung: whether "the nodule" of this patient is one of the lung.
        gene: of which a metaboliser is meant where the question names none.
    """
    if not _WHAT_IF.search(question):
        return []
    named = _NODULE.sub(_LUNG_NODULE[language], question) if of_lung else question
    if gene and not _PHARMACOGENE.search(named):
        named = _METABOLISER.sub(lambda match: f"{gene} {match[0]}", named, count=1)
    return read_overrides(named, language, tumour)


def read_overrides(question: str, language: Language, tumour: FactValue | None = None) -> list[dict[str, Any]]:
    """The facts in a supposition, read as if it were a statement."""
    from tools.dialogue.statements import facts_told

    said = _HAS.sub("has", _BECOMES.sub("is", _SUPPOSING.sub(" ", _BECOMES_ZH.sub("", question))))
    said = said.replace("?", ".").replace("？", "。")
    found: dict[str, dict[str, Any]] = {}
    if _STOPS_SMOKING.search(question):
        found["smoking.status"] = {"name": "smoking.status", "value": "former"}
        found["smoking.quit_years"] = {"name": "smoking.quit_years", "value": 0, "unit": "a"}
    if age := _AGE.search(said):
        found["patient.age"] = {"name": "patient.age", "value": int(age[1]), "unit": "a"}
    for item in facts_told(said.strip(), language, tumour):
        if item.fact.name not in found:
            found[item.fact.name] = item.fact.model_dump(mode="json", exclude={"at"}, exclude_none=True)
    return list(found.values())


def asked_models(question: str) -> tuple[str, ...]:
    """Names of the published models that a question names, or that answer a question for a risk."""
    if named := models_named(question):
        return named
    if not _ASKS_RISK.search(question) or _NO_MODEL.search(question):
        return ()
    return next((names for pattern, names in _RISKS if pattern.search(question)), ())


def named_drugs(question: str) -> list[str]:
    """`medication.*` facts of the drugs that a question names by INN, brand, label or combination."""
    words = re.findall(r"[A-Za-z][A-Za-z-]+", question)
    spans = [" ".join(words[i : i + n]) for n in (3, 2, 1) for i in range(len(words) - n + 1)]
    # Three letters name a drug only as an abbreviation in capitals: HRT, PTU.
    named = [span for span in spans if len(span) > 3 or (len(span) == 3 and span.isupper())]
    found = [vocabulary().find("medication.", span) for span in named]
    found += [name for name, label in _chinese_drug_names() if label in question]
    found += [name for word in re.findall(r"[A-Za-z][A-Za-z0-9-]+", question) for name in drugs_of(word)]
    return list(dict.fromkeys(name for name in found if name and ".class_" not in name))


# A question whether, or why not, something is to be done.
_TO_BE_DONE = re.compile(
    r"\bwhy\b|\b(?:should|may|can|could|shall|must|do|does)\b[^.?]*\b(?:we|i|s?he|they|need|have|do|offer|go|get)\b"
    r"|\b(?:instead of|rather than)\b|为什么|为何|要不要|是否|能不能|可不可以|需不需要|可以|能否",
    re.I,
)
_KINDS_OF_TEST = ("procedure.", "therapy.", "test.")


def named_tests(question: str) -> list[str]:
    """Tests, procedures and therapies that a question names, where it asks whether or why not they are to be done."""
    if not _TO_BE_DONE.search(question):
        return []
    words = re.findall(r"[A-Za-z][A-Za-z-]+", question)
    spans = [" ".join(words[i : i + n]) for n in (4, 3, 2, 1) for i in range(len(words) - n + 1)]
    found = [vocabulary().find(kind, span) for span in spans if len(span) > 2 for kind in _KINDS_OF_TEST]
    found += [name for name, label in _chinese_test_names() if label in question]
    return list(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=1)
def _chinese_test_names() -> tuple[tuple[str, str], ...]:
    """Each test, procedure and therapy with its Chinese names."""
    named = [(name, spec) for name, spec in vocabulary().items() if name.startswith(_KINDS_OF_TEST)]
    pairs = [(name, word) for name, spec in named for word in (spec.label.get("zh", ""), *spec.synonyms)]
    return tuple((name, word) for name, word in pairs if len(word) > 1 and re.search(r"[\u4e00-\u9fff]", word))


@lru_cache(maxsize=1)
def _chinese_drug_names() -> tuple[tuple[str, str], ...]:
    drugs = [(name, spec) for name, spec in vocabulary().items() if name.startswith("medication.")]
    pairs = [(name, word) for name, spec in drugs for word in (spec.label.get("zh", ""), *spec.synonyms)]
    return tuple((name, word) for name, word in pairs if len(word) > 1 and re.search(r"[\u4e00-\u9fff]", word))
