"""Tumour stage, biomarkers with a value or a plain negative result, and lung nodules with their size."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import FactValue, vocabulary
from tools.notes.document import Document
from tools.notes.hits import Hit, hit

_STAGE = re.compile(
    r"\b(?:(?:TNM|AJCC|UICC|clinical|pathologic(?:al)?|pTNM|cTNM)\s+)?stage\s*(?:group\s*)?[:=]?\s*(?P<s>IV|I{1,3}|"
    r"[1-4]|0)(?P<sub>[A-D]?[1-3]?)\b|"
    r"(?P<z>IV|I{1,3}|Ⅳ|Ⅲ|Ⅱ|Ⅰ)(?P<zs>[A-D]?[1-3]?)\s*期",
    re.IGNORECASE,
)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "Ⅰ": "I", "Ⅱ": "II", "Ⅲ": "III", "Ⅳ": "IV"}
_OTHER_STAGE = re.compile(
    r"kidney|renal|\bCKD\b|hypertension|heart failure|fibrosis|pressure|ulcer|sacral|decubitus|COPD|GOLD|labou?r|sleep|"
    r"Parkinson|AKI|HIV|AIDS|retinopathy|sarcoidosis|steatohepatitis|encephalopathy|lymphedema|endometriosis|肾病|肾功能|"
    r"高血压",
    re.I,
)
_TUMOUR = re.compile(
    r"cancer|carcinoma|tumou?r|lymphoma|melanoma|sarcoma|malignan|metasta|neoplasm|myeloma|blastoma|NSCLC|SCLC|癌|瘤|转移",
    re.I,
)
_PD_L1 = re.compile(
    r"PD[\s-]?L1\b[^.;。；\n]{0,80}?(?<![\d<>≥≤.])(?P<n>\d{1,3})\s*%|PD[\s-]?L1[^.;。；\n]{0,60}?(?:CPS|"
    r"combined positive score)"
    r"[^.;。；\n\d]{0,20}(?P<cps>\d{1,3})(?!\s*%)",
    re.I | re.A,
)
_GENE_FACTS = {
    "ALK": "biomarker.ALK.fusion",
    "ROS1": "biomarker.ROS1.fusion",
    "RET": "biomarker.RET.fusion",
    "NTRK": "biomarker.NTRK.fusion",
    "EGFR": "biomarker.EGFR.mutation",
    "KRAS": "biomarker.KRAS.mutation",
    "NRAS": "biomarker.NRAS.mutation",
    "BRAF": "biomarker.BRAF.mutation",
}
_GENE_RESULT = re.compile(
    rf"\b(?P<gene>{'|'.join(_GENE_FACTS)})\b(?P<between>[^.;。；\n,，]{{0,50}}?)"
    r"(?P<result>negative|wild[\s-]?type|not detected|not rearranged|no mutation|阴性|野生型|未检出|未见突变)",
    re.I | re.A,
)
_VARIANTS: tuple[tuple[str, str], ...] = (
    ("biomarker.EGFR.L858R", r"\bEGFR\b[^.;\n]{0,50}?\b(?:p\.)?\(?(?:L858R|Leu858Arg)\b|\bL858R\b"),
    (
        "biomarker.EGFR.exon19_deletion",
        r"\bEGFR\b[^.;\n]{0,50}?(?:exon\s*19\s*del\w*|19\s*del\b|"
        r"del(?:etion)?\s*(?:in|of)?\s*exon\s*19|外显子\s*19\s*缺失|19\s*外显子缺失)",
    ),
    ("biomarker.EGFR.T790M", r"\bEGFR\b[^.;\n]{0,60}?\b(?:p\.)?(?:T790M|Thr790Met)\b|\bT790M\b"),
    ("biomarker.EGFR.exon20_insertion", r"\bEGFR\b[^.;\n]{0,50}?exon\s*20\s*ins\w*"),
    ("biomarker.KRAS.G12C", r"\bKRAS\b[^.;\n]{0,40}?\b(?:p\.)?(?:G12C|Gly12Cys)\b"),
    ("biomarker.BRAF.V600E", r"\bBRAF\b[^.;\n]{0,40}?\b(?:p\.)?(?:V600E|Val600Glu)\b"),
    ("biomarker.ALK.fusion", r"\b(?:EML4[\s:-]*ALK|ALK[\s-](?:positive|rearrange\w+|fusion|translocation))"),
    ("biomarker.ROS1.fusion", r"\bROS1[\s-](?:positive|rearrange\w+|fusion)"),
    ("biomarker.RET.fusion", r"\bRET[\s-](?:positive|rearrange\w+|fusion)"),
    ("biomarker.MET.exon14_skipping", r"\bMET\b[^.;\n]{0,30}?exon\s*14\s*skip\w*"),
)
_LUNG_LESION = re.compile(r"\b(?:pulmonary |lung )?(?:nodule|mass|lesion|opacity)\b|结节|肿块|占位", re.I)
_LUNG = re.compile(
    r"\blung|pulmonary|\b(?:upper|middle|lower) lobe|lingula|\bRUL\b|\bLUL\b|\bRML\b|\bRLL\b|\bLLL\b|肺|[上中下]叶",
    re.I,
)
_NOT_LUNG = re.compile(r"thyroid|breast|liver|hepatic|renal|kidney|adrenal|brain|prostate|甲状腺|乳腺|肝|肾", re.I)
_SIZE = re.compile(
    r"(?<![\d.])(?P<a>\d{1,3}(?:\.\d+)?)\s*(?P<u1>mm|cm)?\s*(?:[x×*]\s*(?P<b>\d{1,3}(?:\.\d+)?)\s*(?P<u2>mm|cm)?\s*)?"
    r"(?:[x×*]\s*(?P<c>\d{1,3}(?:\.\d+)?)\s*)?(?P<u>mm|cm|毫米|厘米)?",
    re.I,
)
_UPPER = re.compile(r"\bupper lobes?\b|\bRUL\b|\bLUL\b|上叶", re.I)
_NOT_UPPER = re.compile(r"\b(?:middle|lower) lobes?\b|lingula|\bRML\b|\bRLL\b|\bLLL\b|[中下]叶", re.I)
_DENSITY = (
    ("part_solid", re.compile(r"\b(?:part|partly|partially|semi)[\s-]?solid|部分实性|混合磨玻璃", re.I)),
    ("ground_glass", re.compile(r"\b(?:pure )?ground[\s-]?glass|\bGGN\b|\bnon-?solid|磨玻璃", re.I)),
    ("solid", re.compile(r"(?<![\w-])solid\b|(?<!部分)(?<!非)实性", re.I)),
)
_SPICULATED = re.compile(r"spiculat\w+|毛刺", re.I)


def oncology_hits(document: Document) -> Iterator[Hit]:
    """Stage, PD-L1, gene results and lung nodules. Context is read by the caller."""
    made = [*_stages(document), *_markers(document), *_nodules(document)]
    yield from (found for found in made if found is not None)


def _stages(document: Document) -> Iterator[Hit | None]:
    codes = vocabulary().get("tumour.stage")
    if codes is None or not _TUMOUR.search(document.text):
        return
    for match in _STAGE.finditer(document.text):
        sentence = document.sentence_at(match.start())
        if _OTHER_STAGE.search(document.words(sentence)) and not _TUMOUR.search(document.words(sentence)):
            continue
        near = document.text[max(sentence.start, match.start() - 40) : match.end() + 40]
        if _OTHER_STAGE.search(near):
            continue
        main = (match["s"] or match["z"]).upper()
        code = _ROMAN.get(main, main) + (match["sub"] or match["zs"] or "").upper()
        if code in codes.values:
            yield hit("tumour.stage", code, None, match.start(), match.end())


def _markers(document: Document) -> Iterator[Hit | None]:
    text = document.text
    for match in _PD_L1.finditer(text):
        if match["cps"]:
            name = "biomarker.pd_l1_cps"
            unit = vocabulary()[name].unit if name in vocabulary() else None
            yield hit(name, int(match["cps"]), unit, match.start(), match.end())
        elif not re.search(r"immune cells?|\bIC\b|\bCPS\b", match[0]):
            yield hit("biomarker.pd_l1_tps", int(match["n"]), "%", match.start(), match.end())
    for match in _GENE_RESULT.finditer(text):
        if not re.search(r"\b(?:L858R|T790M|G12C|V600E|exon)\b", match["between"]):
            name = _GENE_FACTS[match["gene"].upper()]
            yield hit(name, False, None, match.start(), match.end())
    for name, pattern in _VARIANTS:
        for match in re.finditer(pattern, text, re.I | re.A):
            found = hit(name, True, None, match.start(), match.end())
            yield found._replace(deniable=True) if found else None


def _nodules(document: Document) -> Iterator[Hit | None]:
    for sentence in document.sentences:
        words = document.words(sentence)
        if not (_LUNG_LESION.search(words) and _LUNG.search(words)) or _NOT_LUNG.search(words):
            continue
        lesion = _LUNG_LESION.search(words)
        if lesion is None:
            continue
        if re.search(r"\bno\b[^.]{0,30}$|未见|无$", words[: lesion.start()], re.I):
            continue
        size = next((m for m in _SIZE.finditer(words) if m["u"] or m["u2"] or m["u1"]), None)
        if size is not None:
            written = (size["u"] or size["u2"] or size["u1"]).lower()
            unit = {"毫米": "mm", "厘米": "cm"}.get(written, written)
            numbers = [float(size[k]) for k in "abc" if size[k]]
            longest = max(numbers)
            value = int(longest) if longest.is_integer() else longest
            yield hit(
                "nodule.longest_diameter", value, unit, sentence.start + size.start(), sentence.start + size.end()
            )
        for name, described, pattern in _descriptions(words):
            match = pattern.search(words)
            if match is not None:
                yield hit(name, described, None, sentence.start + match.start(), sentence.start + match.end())


def _descriptions(words: str) -> Iterator[tuple[str, FactValue, re.Pattern[str]]]:
    if _UPPER.search(words) and not _NOT_UPPER.search(words):
        yield "nodule.upper_lobe", True, _UPPER
    elif _NOT_UPPER.search(words) and not _UPPER.search(words):
        yield "nodule.upper_lobe", False, _NOT_UPPER
    density = next(((code, p) for code, p in _DENSITY if p.search(words)), None)
    if density is not None:
        yield "nodule.density", density[0], density[1]
    if _SPICULATED.search(words):
        yield "nodule.spiculated", True, _SPICULATED
