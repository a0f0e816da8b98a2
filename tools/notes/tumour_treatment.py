"""Treatment that the patient has had: drugs and regimens, lines for advanced disease, and what is given at present.

A drug counts as given where the words say so (`received`, `after`, `progressed on`, a number of cycles, a line, a
date); a plan, a proposal or a refusal does not. A drug is a present medication only where nothing says that it is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from knowledge.facts import vocabulary
from tools.notes.context import Context
from tools.notes.document import Document, Sentence, lexicon
from tools.notes.hits import hit
from tools.notes.tumour_context import PLANNED, Said, about_tumour, denial, is_other, parts, said

_GIVEN_BEFORE = re.compile(
    r"\b(?:receiv(?:ed|ing)|treated (?:with|by)|treatment (?:with|was)|given|after|following|progress\w* (?:on|"
    r"after|through|"
    r"under|despite)|complet(?:ed|ion of)|cycles? (?:of)?|s/p|status post|started(?: on)?|commenced|on|"
    r"previous(?:ly)?|prior|"
    r"since|took|takes|taking|had|underwent|maintenance|(?:first|second|third|fourth|1st|2nd|3rd|"
    r"[1-4])[- ]?(?:line|L)\b|"
    r"neo-?adjuvant|adjuvant|then|followed by|until|switched to|PD on|failed|failure of|refractory to|Rx|induction|"
    r"(?-i:C[1-9]\d?(?:D\d{1,2})?)|"
    r"concurrent|chemo-?radi\w+|continues?|continuous|lines?:|response to|interval debulking,?|debulking,?)\b|"
    r"接受|治疗|既往|"
    r"服用|口服|曾|线|予|行|给予|使用|后|辅助|完成",
    re.I,
)
# A span of time that is over: `2019-2022`, `9/2023 - 5/2025`, `2018 - Sept 2023`.
_MONTH_OF = r"(?:(?:0?[1-9]|1[0-2])/|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? )?"
_SPAN = rf"(?<![\d.]){_MONTH_OF}(?:19|20)\d\d\s?(?:[-–]|to|until)\s?{_MONTH_OF}(?:19|20)\d\d(?!\d)"
_GIVEN_AFTER = re.compile(
    rf"^[^.;]{{0,30}}?{_SPAN}|"
    r"^(?:[^.;。；]|(?<=\d)\.(?=\d)){0,45}?(?:\bx ?\d|\b\d{1,2} (?:cycles?|weeks|months|courses)|"
    r"\bcycle \d|(?-i:\bC[1-9]\d?(?:D\d{1,2})?\b)|(?<![\d/.])\d{1,2}/\d{1,2}(?:/\d{2,4})?(?![\d/])|"
    r"\bcompleted|\b(?:since|from|until|"
    r"in) (?:\w+ )?(?:19|20)\d\d|"
    r"\((?:19|20)\d\d|\bgiven\b|\bstarted\b|\bprogress|\bstopped|\bdiscontinued|\bmaintenance|\bmg\b|,? ?PD\b|"
    r"周期|进展|治疗)",
    re.I,
)
_WITHHELD = re.compile(
    r"^[^.;,]{0,15}?\b(?:(?:was |were )?(?:not|never) (?:given|started|used|tolerated at all)|withheld|omitted)\b", re.I
)
_PLAN_HEADING = re.compile(
    r"(?:\b(?:plan|proposal|proposed|recommendation|suggestion|to start|next step|options?)"
    r"(?: (?:of|by|from) (?:the )?\w+(?: \w+)?)?\s*[:：]|建议[:：]?|拟)[^.。]*$",
    re.I,
)
_OVER = re.compile(
    r"\b(?:progress\w* (?:on|after|through|under)|after|following|previous(?:ly)?|prior|complet\w+|former|stopped|"
    r"discontinued|failed|failure of|s/p|received|treated with|until|had|neo-?adjuvant|adjuvant|then|underwent|"
    r"lines?:)\b|"
    r"既往|曾|后进展|术后|完成",
    re.I,
)
_OVER_AFTER = re.compile(
    rf"^[^.;]{{0,30}}?{_SPAN}|"
    r"^;? ?(?:changed|switched) to\b|"
    r"^(?:[^.;。；]|(?<=\d)\.(?=\d)){0,60}?(?:\blast (?:dose|cycle|infusion|injection|instillation)\b|"
    r"\bceased\b|\bprogress|\bPD\b|\bcompleted|\bstopped|\bdiscontinued|\buntil\b|\((?:19|"
    r"20)\d\d ?[-–] ?(?:19|20)?\d\d|\bx ?\d|"
    r"\b\d{1,2} cycles|\bfor (?:five|two|three|\d+) years|周期|进展|\bthen\b|\bfollowed by\b)",
    re.I,
)
_ONGOING = re.compile(
    r"\b(?:currently|now|ongoing|continu\w+|remains on|on|takes|taking|maintained on|"
    r"started)(?: on)?\s+(?:\w+[ /,+-]+){0,3}$|"
    r"(?:目前|正在)[^。；]{0,10}$",
    re.I,
)
_ONGOING_AFTER = re.compile(r"^[^.;,]{0,20}?\b(?:ongoing|continues|continuing|since|started|given on|\d+ mg)\b", re.I)
_PLANNED_AFTER = re.compile(
    r"^[^.;]{0,40}?(?:\bwould be\b|, (?:to )?(?:begin(?:ning)?|start(?:ing)?) (?:in|on|next|with)\b)|"
    r"^[^.;]{0,40}?\b(?:proposed|planned|recommended|to be (?:discussed|considered|started)|next week|declined|refused|"
    r"booked|"
    r"offered|options?|is considered|discussion)\b|^[^。；]{0,12}(?:拟|建议)",
    re.I,
)
_NAIVE = re.compile(
    r"\b(?:no (?:prior|previous|earlier)(?: (?:systemic|oncological|anti-?cancer|cancer|"
    r"chemo\w*))*(?: (?:therapy|treatments?|"
    r"chemotherapy))(?: for (?:the |his |her |metastatic |advanced )?(?:\w+ ?){1,2})?|"
    r"(?:prior|previous|earlier|past) (?:\w+ ){0,2}(?:treatments?|therapy)\s*[:：]\s*(?:none|nil|no)\b|"
    r"\bno (?:systemic|anti-?cancer|oncological|drug) (?:therapy|treatment)(?! (?:for|of|since|after|between|during))|"
    r"\bno (?:treatment|therapy|chemotherapy) "
    r"(?:yet|so far|to date|for (?:this|the|his|her) (?:cancer|tumou?r|disease))|"
    r"(?:has|have|had) (?:had |received |been given )?no (?:\w+ )?(?:treatment|therapy) (?:yet|so far|to date|for)|"
    r"not (?:yet|so far) (?:been )?(?:treated|received (?:any )?(?:\w+ )?(?:treatment|therapy))|"
    r"(?:treatment|chemo(?:therapy)?|therapy)[- ]?na[iï]ve|previously untreated|untreated (?=metastatic|"
    r"advanced|stage|mCRC|NSCLC)|"
    r"has not (?:had|received) any (?:systemic |prior )?(?:treatment|therapy)|"
    r"never (?:been )?treated(?! (?:with|for))|watch (?:and|&) wait(?! (?:was|after|then)))|"
    r"(?:尚|从)?未(?:接受|行|经)过?[^，。；]{0,8}?(?:任何)?(?:系统|全身|抗肿瘤|抗癌)?治疗|既往未行?(?:接受过?)?(?:抗肿瘤|系统|全身)?治疗|"
    r"初治|未经治疗",
    re.I,
)
_NOT_NAIVE = re.compile(r"hepatitis|\bHBV|\bHCV|\bHIV|varic|hypertens|PARP|kinase|immun|radio|surg", re.I)
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4,
    "1": 1, "2": 2, "3": 3, "4": 4,
    "一": 1, "二": 2, "三": 3, "四": 4,
}  # fmt: skip
_LINE = re.compile(
    r"\b(?P<o>first|second|third|fourth|1st|2nd|3rd|4th|(?<![\d.])[1-4])(?:[- ]?line\b|"
    r"(?:(?<=[a-z])[- ]?|(?<=\d))(?-i:L)\b(?! ?(?:NC|O2|/|of|per|nasal|oxygen|via|min|ascit|"
    r"fluid|HFNC|RA\b)))|(?P<z>[一二三四])线",
    re.I,
)
_LINES = re.compile(
    r"\b(?P<n>one|two|three|four|[1-5])\s+(?:prior|previous|earlier)?\s*lines?(?: of (?:\w+ )?(?:therapy|"
    r"treatment|chemotherapy))?\b|"
    r"(?:既往|经)(?P<z>[一二三四两1-5])线(?:治疗)?",
    re.I,
)
_OTHER_CANCER = re.compile(r"^[^.;]{0,20}?\bfor (?:\w+[ -]){0,2}(?:lymphoma|leuk|myeloma)", re.I)
_COUNT = {"one": 1, "two": 2, "three": 3, "four": 4, "两": 2}
_ADVANCED = re.compile(
    r"metasta|\bmets?\b|advanced|stage IV|IV[AB]?期|转移|晚期|unresectable|recurren|relaps|\bm(?:CRC|CRPC|PDAC|RCC|"
    r"UC)|progress|BCLC|进展",
    re.I,
)
_INTERVAL = re.compile(
    r"\b(?:relaps\w+|recurr\w+|progress\w+)\s+(?P<a>\d{1,3}) (?P<au>weeks?|months?|"
    r"years?) after (?:the )?(?:last |end of |"
    r"completing |completion of )?(?:\w+ )?(?:platin\w*|carboplatin|cisplatin|chemotherapy)|"
    r"\b(?:platinum|chemotherapy|treatment)[- ]free interval(?: of|:)?\s*(?P<b>\d{1,3}) (?P<bu>weeks?|months?|years?)",
    re.I,
)
_DAYS = {"week": 7.0, "month": 30.4375, "year": 365.25}
_EVENT = re.compile(r"\bprogress\w* (?:on|after|through|despite|under)\s+(?P<what>[^.;]{3,120})", re.I)
_FOR_LOCAL = re.compile(r"\b(?:neo-?adjuvant|adjuvant)\b|辅助", re.I)


@lru_cache(maxsize=1)
def _facts_of_drugs() -> dict[str, tuple[str, ...]]:
    """For each cancer drug the treatment facts that it sets."""
    table: dict[str, Any] = lexicon("oncology_drugs")
    made = {}
    for name in vocabulary():
        if name.startswith("medication.") and ".class_" not in name:
            classes = vocabulary().consequences(name, True)
            facts = [*table["drugs"].get(name, ())]
            facts += [f for c in classes for f in table["classes"].get(c, ())]
            facts += ["therapy.androgen_deprivation" for c in classes if c in table["prostate"]]
            if facts or "medication.class_cancer_therapy" in classes:
                made[name] = tuple(dict.fromkeys(facts))
    return made


@lru_cache(maxsize=512)
def _classes(name: str) -> tuple[str, ...]:
    return tuple(vocabulary().consequences(name, True))


def is_cancer_drug(name: str) -> bool:
    """Whether a `medication.*` fact is read here."""
    return name in _facts_of_drugs()


@lru_cache(maxsize=1)
def _regimens() -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    table = lexicon("oncology_drugs")["regimens"]
    return [(re.compile(rf"(?<![A-Za-z0-9-])(?:{p})(?![A-Za-z0-9])"), tuple(facts)) for p, facts in table.items()]


def treatment_facts(document: Document, drugs: Iterable[tuple[str, int, int]]) -> Iterator[Said]:
    """Treatments of the tumour. `drugs` are the names of drugs that were found, with their places."""
    named = [item for item in drugs if is_cancer_drug(item[0])]
    for name, start, end in named:
        yield from _drug(document, name, start, end)
    if about_tumour(document.text):
        yield from _interval(document)
        for pattern, facts in _regimens():
            for match in pattern.finditer(document.text):
                if _status(document, match.start(), match.end()) == "given":
                    former = _is_of_years_ago(document, match.start())
                    lasting = [name for name in facts if not (former and name in _OF_NOW)]
                    yield from _each(document, lasting, True, match.start(), match.end())
        yield from _denied_classes(document)
        yield from _lines(document, named)
        yield from _about_to_start(document)


# What is prevented while a treatment lasts is not prevented years after it.
_OF_NOW = frozenset({"therapy.anthracycline_cyclophosphamide"})
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def _is_of_years_ago(document: Document, place: int) -> bool:
    sentence = document.sentence_at(place)
    years = [int(year[0]) for year in _YEAR.finditer(document.text[sentence.start : place])]
    return bool(years) and document.date is not None and years[-1] < document.date.year - 1


_STARTS = re.compile(
    r"\b(?:to (?:start|begin|commence|have|receive)|starts?|starting|beginning|commencing|due to start|"
    r"listed for|planned for|planned:?|"
    r"before|prior to|first cycle of|cycle 1 of)\s+(?:\w+[ -]){0,3}?(?:chemo\w*|m?FOLF\w+|XELOX|CAPOX|FLOT|"
    r"R-?CHOP|gem\w*|"
    r"carbo\w*|cis\w*|pacli\w*|doce\w*)\b|\bpre-?chemo\w*|(?:拟|计划|准备)(?:行|开始|予)?[^，。；]{0,8}化疗",
    re.I,
)


# Of high emetic risk by itself (ASCO 2020, doi 10.1200/JCO.20.01296, table 1).
_HIGHLY_EMETIC = re.compile(r"\bcis(?:platin)?\b(?!-)", re.I)


def _about_to_start(document: Document) -> Iterator[Said]:
    """That chemotherapy is about to start, which scores of its risks ask for."""
    for match in _STARTS.finditer(document.text):
        before, _ = parts(document, match.start(), match.end())
        if re.search(r"\b(?:not|no|never|declin\w+|refus\w+)\b[^.;,]{0,20}$|不$|拒绝$", before, re.I):
            continue
        made = hit("therapy.chemotherapy_planned", True, None, match.start(), match.end())
        if made is not None and not is_other(document, match.start(), match.end()):
            yield Said(made, Context())
            if emetic := _HIGHLY_EMETIC.search(match[0]):
                told = hit("therapy.emetic_risk", "high", None, match.start(), match.end(), f"before {emetic[0]}")
                yield from [Said(told, Context())] if told is not None else []
        return


def _interval(document: Document) -> Iterator[Said]:
    """The time from the last chemotherapy to the relapse, in days."""
    for match in _INTERVAL.finditer(document.text):
        days = round(int(match["a"] or match["b"]) * _DAYS[(match["au"] or match["bu"]).lower().rstrip("s")])
        made = said(document, "therapy.chemotherapy_free_interval", days, match.start(), match.end(), "d")
        if made is not None:
            yield made


def _each(document: Document, names: Iterable[str], value: bool, start: int, end: int) -> Iterator[Said]:
    for name in names:
        made = said(document, name, value, start, end)
        if made is not None:
            yield made


def _status(document: Document, start: int, end: int) -> str:
    """`given`, `denied`, `planned` or `unclear`."""
    sentence = document.sentence_at(start)
    before, after = document.text[sentence.start : start], document.text[end : sentence.end]
    if is_other(document, start, end) or sentence.section.kind in ("allergies", "family"):
        return "unclear"
    if denial(document, start, end) is not None or _WITHHELD.match(after):
        return "denied"
    if _in_plan(sentence, before):
        return "planned"
    clause = re.split(r"[;；]|,\s*(?=then\b|followed\b|now\b)|\.\s", before)[-1]
    planned, given = list(PLANNED.finditer(clause)), list(_GIVEN_BEFORE.finditer(clause))
    overruled = planned and given and given[-1].start() > planned[-1].start() and not _plan_governs(clause, planned[-1])
    if (planned and not overruled) or _PLANNED_AFTER.match(after):
        return "planned"
    was_given = given or _GIVEN_AFTER.match(after) or sentence.section.kind == "medications"
    return "given" if was_given else "unclear"


def _plan_governs(clause: str, planned: re.Match[str]) -> bool:
    return re.search(r"^\W*(?:\w+\W+){0,4}(?:first|second|third|[1-4])?[- ]?(?:line|adjuvant|neoadjuvant|"
        r"maintenance)?\W*(?:with|on)?\W*$",
                     clause[planned.end() :], re.I) is not None  # fmt: skip


def _drug(document: Document, name: str, start: int, end: int) -> Iterator[Said]:
    status = _status(document, start, end)
    facts = _facts_of_drugs()[name]
    if "therapy.androgen_deprivation" in facts and not re.search(r"prostat|CRPC|HSPC|CSPC|前列腺", document.text, re.I):
        facts = tuple(f for f in facts if f != "therapy.androgen_deprivation")
    if status == "given":
        yield from _each(document, facts, True, start, end)
        if _is_present(document, start, end):
            present = (
                (name, "therapy.cancer_systemic") if "medication.class_cancer_therapy" in _classes(name) else (name,)
            )
            yield from _each(document, present, True, start, end)
    elif status == "denied":
        yield from _each(document, lexicon("oncology_drugs")["drugs"].get(name, ()), False, start, end)


def _is_present(document: Document, start: int, end: int) -> bool:
    sentence = document.sentence_at(start)
    before, after = document.text[sentence.start : start], document.text[end : sentence.end]
    clause = re.split(r"[;；]|\.\s", before)[-1]
    if _OVER_AFTER.match(after) and not re.match(r"^[^.;]{0,25}\b(?:ongoing|continuing)\b", after, re.I):
        return False
    over = list(_OVER.finditer(clause))
    if re.match(r"\s*(?:\w+ )?since\b(?![^.;]{0,40}\b(?:until|progress|stopped|PD)\b)", after, re.I):
        return True
    ongoing = _ONGOING.search(clause)
    if over and not (ongoing and ongoing.start() >= over[-1].end()):
        return False
    return bool(
        sentence.section.kind == "medications" or _ONGOING.search(clause) or _ONGOING_AFTER.match(after)
        or re.search(r"\b(?:cycle|continuous)\b", clause + after[:30], re.I)
    )  # fmt: skip


def _denied_classes(document: Document) -> Iterator[Said]:
    for pattern, name in lexicon("oncology_drugs")["denied"].items():
        for match in re.finditer(
            rf"\b(?:no|without|never had|never received|has not received|not received)\s+(?:any )?(?:prior|"
            rf"previous|earlier)?\s*"
            rf"(?:{pattern})(?![A-Za-z])(?! (?:for|since|refractory))|(?:未|无)(?:行|用过?|接受过?|"
            rf"使用过?)?(?:{pattern})(?:史|治疗)?",
            document.text, re.I,
        ):  # fmt: skip
            yield from _each(document, (name,), False, match.start(), match.end())


def _lines(document: Document, named: list[tuple[str, int, int]]) -> Iterator[Said]:
    text = document.text
    for match in _NAIVE.finditer(text):
        near = text[max(0, match.start() - 25) : match.end() + 25]
        if not _NOT_NAIVE.search(re.sub(r"metasta\w+", "", near[: 25 + len(match[0])])) and not is_other(
            document, match.start(), match.end()
        ):
            yield from _number(document, 0, match.start(), match.end(), None)
            return
    counted = _LINES.search(text)
    if (
        counted
        and not _is_plan(document, counted.start(), counted.end())
        and not _OTHER_CANCER.match(text[counted.end() :])
    ):
        written = (counted["n"] or counted["z"]).lower()
        yield from _number(
            document,
            _COUNT.get(written) or _ORDINALS.get(written) or int(written),
            counted.start(),
            counted.end(),
            None,
        )
        return
    given = [m for m in _LINE.finditer(text) if not _is_plan(document, m.start(), m.end()) and not _is_else(text, m)]
    if given:
        last = max(given, key=lambda m: _ORDINALS[(m["o"] or m["z"]).lower()])
        yield from _number(document, _ORDINALS[(last["o"] or last["z"]).lower()], last.start(), last.end(), None)
        return
    event = _EVENT.search(text)
    if event and _ADVANCED.search(text) and not _FOR_LOCAL.search(document.words(document.sentence_at(event.start()))):
        regimens = _regimens_in(document, event.start("what"), event.end("what"), named)
        if regimens:
            yield from _number(document, regimens, event.start(), event.end(), "as many regimens as the note names")


# `Station 4L`, and `first line GIST = imatinib`, which says what is usual.
_STATION = re.compile(r"\b(?:stations?|nodes?|EBUS|TBNA)\b[^.;\n]{0,60}$", re.I)
_AS_A_RULE = re.compile(r"[^.;,]{0,25}=")


def _is_else(text: str, line: re.Match[str]) -> bool:
    before = text[max(0, line.start() - 90) : line.start()]
    return bool(line[0].endswith("L") and _STATION.search(before)) or _AS_A_RULE.match(text, line.end()) is not None


def _regimens_in(document: Document, start: int, end: int, named: list[tuple[str, int, int]]) -> int:
    """How many treatments, one after the other, a stretch of text names."""
    parts = re.split(r"\bthen\b|\bfollowed by\b|\bafter\b|;", document.text[start:end])
    at, count = start, 0
    for part in parts:
        at = document.text.index(part, at) if part else at
        inside = any(at <= s < at + len(part) for _, s, _ in named) or any(p.search(part) for p, _ in _regimens())
        count += inside
    return count


def _in_plan(sentence: Sentence, before: str) -> bool:
    return sentence.section.kind == "plan" or _PLAN_HEADING.search(before) is not None


def _is_plan(document: Document, start: int, end: int) -> bool:
    sentence = document.sentence_at(start)
    before, after = document.text[sentence.start : start], document.text[end : sentence.end]
    clause = re.split(r"[;；]", before)[-1]
    if PLANNED.search(clause) or _in_plan(sentence, before) or is_other(document, start, end):
        return True
    return _PLANNED_AFTER.match(after) is not None


def _number(document: Document, number: int, start: int, end: int, assumed: str | None) -> Iterator[Said]:
    made = said(document, "therapy.lines_advanced", number, start, end, None, assumed)
    if made is not None:
        yield made._replace(context=made.context.__class__())
