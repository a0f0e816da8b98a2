"""Receptors, expression scores and other measured markers of a tumour.

ER and PR are positive from 1 % of nuclei (ASCO/CAP 2020, doi 10.1200/JCO.19.02309), or from an Allred score of 3
(Harvey 1999, doi 10.1200/JCO.1999.17.5.1474). What HER2 scores mean is worked out in `knowledge/staging.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.tumour_context import Said, about_tumour, said

_ER = re.compile(
    r"(?<![A-Za-z0-9])(?P<r>ER|PR|PgR|[Oo]?[Ee]strogen [Rr]eceptor|[Pp]rogesterone [Rr]eceptor|雌激素受体|"
    r"孕激素受体)(?![A-Za-z1-9]|0[A-Za-z0-9])",
    re.A,
)
_RESULT = re.compile(
    r"^(?:[\s:：=,]*|-\s*)(?:\(?(?:ER|PR|PgR)\)?\s*(?:[:：]\s*)?)?(?:(?:is|was|status|strongly|strong|weakly|weak|Allred|"
    r"IHC|score|H-score|expression|"
    r"in|of|nuclear|low)[\s:,(（]*)*(?:[(（][\s,:(（]*)?(?:(?:(?:positive|negative|pos|neg|阳性|阴性|"
    r"[+＋])[\s,:(（]*)?(?P<lt>[<＜])?(?P<pct>\d{1,3})\s*%\s*(?:[+＋]|阳性)?|"
    r"(?P<allred>[0-8])\s*/\s*8|(?P<pos>positive|pos\b|\+ve|[+＋]{1,3}(?![A-Za-z0-9])|阳性)|"
    r"(?P<neg>negative|neg\b|-ve|(?:[-－–−]|\(-\))(?=[\s,/;.)（）]|$)|阴性)|(?P<zero>0)(?=[\s,;.)]))",
    re.I,
)
_HER2 = re.compile(r"(?<![A-Za-z0-9])(?:HER-?\s?2(?:/neu)?|c-?erbB-?2|ERBB2)(?![0-9])", re.I | re.A)
_HER2_RESULT = re.compile(
    r"^[\s:：=,(-]*(?:(?:by|IHC\)?|equivocal|status|immunohistochemistry|score|is|was|免疫组化|protein|"
    r"of)[\s:：]*)*[(（]?\s*"
    r"(?:(?:IHC|positive|negative|neg|pos|阳性|阴性)[\s:(（,]*)?(?P<ihc>0|[123]\s?[+＋])(?!\d|\.\d|%)",
    re.I,
)
_HER2_WORD = re.compile(
    r"^\s*(?:[:：(（]\s*)?(?:(?:status|is|was|IHC|by IHC|overall)[\s:]*)*(?:(?:-\s*)?(?P<pos>positive|pos\b|\+ve|阳性)|"
    r"(?P<plus>[+＋](?![+＋\d]))|"
    r"(?:-\s*)?(?P<neg>negative|neg\b|阴性)|(?P<minus>-ve|[-－–−](?=[\s,/;.)（）]|$)|\(-\)))",
    re.I,
)
_ISH = re.compile(
    r"(?:F?ISH|D-?ISH|in situ hybridi[sz]ation|原位杂交)(?:检测)?[\s:：,(/-]*(?:was |is |showed |"
    r"HER-?2 )*(?P<neg>negative|neg\b|not amplified|non-?amplified|"
    r"no amplification|unamplified|无扩增|未扩增|阴性|-(?=[\s,;.)]))|(?:F?ISH|D-?ISH|in situ hybridi[sz]ation|"
    r"原位杂交)(?:检测)?[\s:：,(/-]*"
    r"(?:was |is |showed |HER-?2 )*(?P<pos>positive|amplified|amplification|扩增|阳性|\+)",
    re.I,
)
_AMPLIFIED = re.compile(
    r"^[\s:：-]*(?:gene )?(?:(?:is|was)\s+)?(?P<neg>not amplified|non-?amplified|un-?amplified|"
    r"amplification (?:negative|absent|not detected)|无扩增|未扩增)|"
    r"^[\s:：-]*(?:gene )?(?:(?:is|was)\s+)?(?P<pos>amplified|amplification(?: (?:positive|present|detected))?|扩增)",
    re.I,
)
_RATIO = re.compile(r"(?:HER2\s?/\s?CEP\s?17|ratio|比值)[\s:：=of]*(?P<r>\d{1,2}(?:\.\d{1,2})?)", re.I)
_COPIES = re.compile(
    r"(?:HER2 )?(?:mean |average )?(?:copy number|copies|signals)(?: per cell)?[\s:：=of]*(?P<n>\d{1,2}(?:\.\d{1,2})?)",
    re.I,
)
_NO_GENE = re.compile(r"\b(?:no|without|negative for|absence of) (?:evidence of )?$", re.I)
_TRIPLE = re.compile(r"(?<![A-Za-z])(?:triple[- ]negative|m?TNBC)(?![A-Za-z])|三阴性", re.I)
_NUMBERS = (
    ("biomarker.ki67", "%", re.compile(r"Ki-?\s?67(?: index| LI| labelling index|"
        r" proliferation index)?[\s:：=(（约~]*(?P<n>\d{1,3})\s*%", re.I)),
    ("biomarker.recurrence_score", None, re.compile(r"(?:recurrence score|Oncotype(?: ?DX)?(?: ?(?:RS|score))?|"
        r"\bRS\b|(?:21基因)?复发评分|21基因检测)(?: (?:was|is|of))?[\s:：=(of]*(?:RS|"
        r"score)?[\s:：=]*(?P<n>\d{1,3})(?!\d|\.\d|%)", re.I)),
    ("biomarker.tmb", "{mutations}/Mb", re.compile(r"(?:TMB|tumou?r mutational burden|"
        r"肿瘤突变负荷)(?:-?[HL])?[\s:：=(of]*(?P<n>\d{1,3}(?:\.\d{1,2})?)(?!\.?\d|\s*(?:%|th\b|st\b|nd\b|rd\b|percentile))"
        r"(?:\s*(?:mut\w*\s*|m\s*)?(?:/\s*)?Mb)?", re.I)),
    ("lab.psa", "ng/mL", re.compile(r"(?<![A-Za-z])PSA(?!\s*(?:doubling|density|nadir|<))(?: level| now|"
        r" at diagnosis| currently)?[\s:：=of~]*(?P<n>\d{1,5}(?:\.\d{1,3})?)(?!\s*(?:months?|%|/))", re.I)),
)  # fmt: skip
_PD_L1 = re.compile(r"PD[\s-]?L1(?![A-Za-z0-9])", re.I)
_PD_L1_VALUE = re.compile(
    r"^(?P<words>[^.;。；\n\d<>≥≤]{0,60}?)(?P<sign>[<>≥≤＜])?\s*(?P<n>\d{1,3})(?!\d)\s*(?P<pct>%)?(?:\s*(?P<afte"
    r"r>TPS|CPS|IC\b|tumou?r cells))?",
    re.I,
)
_CLONE = re.compile(r"22C3|28-8|SP142|SP263|73-10")
_ER_NAMES = {"ER": "ER", "PR": "PR", "PgR": "PR", "雌激素受体": "ER", "孕激素受体": "PR"}


def receptor_facts(document: Document) -> Iterator[Said]:
    """ER, PR, HER2, Ki-67, PD-L1, TMB, recurrence score and PSA."""
    if not about_tumour(document.text):
        return
    made = [*_steroid(document), *_her2(document), *_numbers(document), *_pd_l1(document)]
    yield from (found for found in made if found is not None)


def _steroid(document: Document) -> Iterator[Said | None]:
    text = document.text
    if not re.search(r"breast|mamma|ductal|lobular|IDC|ILC|TNBC|乳|endometr|ovar", text, re.I):
        return
    for match in _TRIPLE.finditer(text):
        for name in ("ER.positive", "PR.positive", "hormone_receptor_positive", "HER2.positive"):
            yield said(document, f"biomarker.{name}", False, match.start(), match.end())
    for match in _ER.finditer(text):
        tail = text[match.end() : document.sentence_at(match.start()).end]
        result = _RESULT.match(tail)
        if result is None:
            pair = re.match(r"^\s*(?:/|,|and|&)\s*(?:PR|PgR)(?P<rest>.*)$", tail)
            result = _RESULT.match(pair["rest"]) if pair else None
            end = match.end() + (pair.start("rest") if pair else 0)
        else:
            end = match.end()
        if result is None:
            continue
        receptor = _ER_NAMES.get(match["r"]) or ("ER" if "strogen" in match["r"] else "PR")
        value = _is_positive(result)
        yield said(document, f"biomarker.{receptor}.positive", value, match.start(), end + result.end())
        if result["pct"] and receptor == "ER" and not result["lt"]:
            yield said(document, "biomarker.er_percent", int(result["pct"]), match.start(), end + result.end(), "%")


def _is_positive(result: re.Match[str]) -> bool:
    if result["pct"]:
        return int(result["pct"]) >= 1 and not (result["lt"] and int(result["pct"]) <= 1)
    if result["allred"]:
        return int(result["allred"]) >= 3
    return result["pos"] is not None


def _her2(document: Document) -> Iterator[Said | None]:
    text = document.text
    for match in _HER2.finditer(text):
        sentence = document.sentence_at(match.start())
        tail = text[match.end() : sentence.end]
        if re.match(
            r"[\s-]*(?:targeted|directed|therapy|inhibitor|testing|mutat|exon|突变|tyrosine|blockade)", tail, re.I
        ):
            mutated = re.match(
                r"[\s-]*(?:exon 20 (?:ins\w*|mutat\w*)|mutat\w+|mutant|突变)(?P<no>[^,;.]{0,20}(?:negative|"
                r"not detected|阴性))?",
                tail,
                re.I,
            )
            if mutated:
                yield said(
                    document,
                    "biomarker.ERBB2.mutation",
                    mutated["no"] is None,
                    match.start(),
                    match.end() + mutated.end(),
                )
            continue
        yield from _her2_here(document, match, tail)


def _her2_here(document: Document, match: re.Match[str], tail: str) -> Iterator[Said | None]:
    start, at = match.start(), match.end()
    denied = _NO_GENE.search(document.text[max(0, start - 40) : start])
    if denied and re.match(r"\s*(?:gene )?amplification\b", tail):
        end = at + tail.index("amplification") + len("amplification")
        for name in ("biomarker.ERBB2.amplification", "biomarker.HER2.positive"):
            yield said(document, name, False, start - len(denied[0]), end)
        return
    scored, word, gene = _HER2_RESULT.match(tail), _HER2_WORD.match(tail), _AMPLIFIED.match(tail)
    if scored:
        score = scored["ihc"].replace(" ", "").replace("＋", "+")
        yield said(document, "biomarker.HER2.ihc", score, start, at + scored.end())
    elif gene:
        yield said(document, "biomarker.ERBB2.amplification", bool(gene["pos"]), start, at + gene.end())
        yield said(document, "biomarker.HER2.positive", bool(gene["pos"]), start, at + gene.end())
    elif word:
        value = bool(word["pos"] or word["plus"])
        yield said(document, "biomarker.HER2.positive", value, start, at + word.end())
    ish = _ISH.search(tail[:90])
    if ish:
        yield said(document, "biomarker.HER2.positive", bool(ish["pos"]), start, at + ish.end())
    for name, pattern in (("biomarker.HER2.ish_ratio", _RATIO), ("biomarker.HER2.copy_number", _COPIES)):
        number = pattern.search(tail[:110])
        if number and (ish or gene or re.match(r"\s*/\s*CEP", tail, re.I)):
            yield said(document, name, float(number[1]), start, at + number.end(), "1")


def _numbers(document: Document) -> Iterator[Said | None]:
    for name, unit, pattern in _NUMBERS:
        for match in pattern.finditer(document.text):
            number = float(match["n"])
            value = int(number) if number.is_integer() else number
            yield said(document, name, value, match.start(), match.end(), unit)


def _pd_l1(document: Document) -> Iterator[Said | None]:
    text = document.text
    for match in _PD_L1.finditer(text):
        tail = text[match.end() : document.sentence_at(match.start()).end]
        blank = _CLONE.sub(lambda clone: " " * len(clone[0]), tail)
        value = _PD_L1_VALUE.match(blank)
        if value is None or re.search(r"inhibitor|blockade|antibod", value["words"], re.I):
            if re.match(r"[\s:-]*(?:negative|阴性)", tail, re.I) and re.search(r"NSCLC|lung|肺", text):
                end = match.end() + 9
                yield said(document, "biomarker.pd_l1_tps", 0, match.start(), end, "%", "negative is under 1 %")
            continue
        said_words = value["words"] + (value["after"] or "")
        number, assumed = int(value["n"]), None
        if value["sign"] in ("<", "＜") and number == 1:
            number, assumed = 0, "under 1 %"
        end = match.end() + value.end()
        if re.search(r"CPS|combined positive|联合阳性", said_words, re.I):
            yield said(document, "biomarker.pd_l1_cps", number, match.start(), end, "1", assumed)
        elif (
            not re.search(r"\bIC\b|immune cell", said_words)
            and "SP142" not in tail[: value.end()]
            and (value["pct"] or "TPS" in said_words.upper())
        ):
            yield said(document, "biomarker.pd_l1_tps", number, match.start(), end, "%", assumed)
