"""Size, nodes, grade, Gleason, Breslow thickness, lesions, mismatch-repair proteins and Karnofsky index.

Gleason to ISUP grade group: Epstein 2016 (doi 10.1097/PAS.0000000000000530). Karnofsky to ECOG: the comparison table of
ECOG-ACRIN (ecog-acrin.org/resources/ecog-performance-status), after Oken 1982.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.liver_tumour import lesion_count, lirads_facts
from tools.notes.sizes import sizes
from tools.notes.tumour_context import Said, about_tumour, said

_LESION = re.compile(
    r"carcinoma|cancer|adenocarcinoma|tumou?r|\bmass\b|lesions?\b|\bIDC\b|\bILC\b|\bNST\b|\bCa\b|\bGIST\b|"
    r"sarcoma|melanoma|(?:cc)?RCC\b|\bpT[1-4]|"
    r"primary|HCC|癌|"
    r"肿块|肿物|占位|直径|瘤|病灶|单发|(?:肝|\bS[1-8])[^。；\n]{0,12}结节|"
    r"(?:liver|hepatic|segment \w+)[^.;\n]{0,20}(?:nodule|observation)",
    re.I,
)
_NOT_SIZE_BEFORE = re.compile(
    r"(?:margins?|nodes?|nodal|LN|Breslow|thickness|thick|depth|residual|residuum|invasion|from|distance|away|polyp|"
    r"effusion|clear by|nodule|deposit|metasta\w+|mets?|adrenal|肾上腺|FNA of|DCIS|切缘|距|淋巴结|转移\w*|厚度|"
    r"肛缘)[^.;,，。；]{0,25}$",
    re.I,
)
_NOT_SIZE_AFTER = re.compile(
    r"^\s*(?:from|above|below|margin|away|deep|thick|per|/|residual|node|lymph|metasta|nodule|polyp|distance|"
    r"clear|ahead|"
    r"axillary|mediastinal|deposit|h\b)|^[^.;,]{0,12}from (?:the )?anal|^的?淋巴结",
    re.I,
)
_NODES = (
    re.compile(r"(?<![\d/])(?P<n>\d{1,2})\s*(?:of|/|"
        r"out of)\s*(?P<m>\d{1,2})\s*(?:\w+\s+){0,2}?(?:lymph )?(?:nodes?|LNs?|SLNs?)(?: were| was|"
        r" are)?(?P<w>\s+(?:positive|involved|metastatic|negative|with metasta\w+))?", re.I),
    re.compile(r"(?:nodes?|LNs?|SLNB?|sentinel(?: lymph)? nodes?(?: biopsy)?|p?N[0-3][abc]?|"
        r"淋巴结(?:活检)?(?:转移)?)[\s:：,(（]*(?P<n>\d{1,2})\s*/\s*(?P<m>\d{1,2})(?!\d|/)", re.I),
    re.compile(r"(?:sentinel(?: lymph)? nodes?|SLNs?|SNB|SLNB|"
        r"nodes?)[^.;\n]{0,40}?[:,(]?\s(?P<n>\d{1,2})\s*(?:of|/|out of)\s*"
        r"(?P<m>\d{1,2})(?=\s*(?:nodes? )?(?:contain|involved|positive|with (?:a |metasta|tumou?r)|show|had |"
        r"has |harbou?r|metasta))", re.I),
    re.compile(r"(?P<n>\d{1,2})\s+positive (?:axillary |lymph |regional )*nodes?(?P<m>)", re.I),
    re.compile(r"前哨淋巴结(?:活检)?[（(:：]?(?P<n>\d{1,2})\s*/\s*(?P<m>\d{1,2})", re.I),
)  # fmt: skip
_SENTINEL = re.compile(r"sentinel|SLN|\bSNB\b|前哨", re.I)
_GRADE = re.compile(
    r"(?P<who>(?:CNS )?WHO\s*)?(?P<named>(?:histological|histologic|nuclear|tumou?r|FNCLCC|Nottingham|ISUP|Fuhrman|"
    r"Bloom[- ]Richardson)\s*)?"
    r"\bgrade\s*[:=]?\s*(?P<g>[1-4]|I{1,3}|IV)(?!\d|\.\d|V)\b|(?<![A-Za-z0-9])G(?P<G>[1-4])(?![A-Za-z0-9])|"
    r"(?:组织学分级|分级|WHO|(?:导管|小叶|腺)癌)\s*[:：]?\s*(?P<z>[1-4]|I{1,3}|IV|Ⅰ|Ⅱ|Ⅲ|Ⅳ)\s*级",
    re.I,
)
_NOT_GRADE = re.compile(
    r"toxic|neuropath|colitis|pneumonitis|hepatitis|nephritis|rash|diarrh|mucositis|varic|encephalopath|ascites|"
    r"neutropen|"
    r"anaemia|anemia|fatigue|hypertension|dyspn|murmur|reflux|hydroneph|steatosis|Gleason|grade group|CTCAE|"
    r"oedema|edema|"
    r"nausea|thrombocytop|irAE|adverse|hand[- ]foot|dermatitis|stomatitis|myocarditis|hypophysitis|thyroiditis|"
    r"CKD|A[1-3]\b|"
    r"diastolic|sprain|fibrosis|pressure|ulcer|WHO PS|performance|reaction|hypersensitiv|vomit|cytopeni|infection|"
    r"bleed|ha?emorrhag|cystitis|proctitis|o?esophagitis|gastritis|proteinuri|arthralg|myalg|xerostom|dysphag|cytokine|"
    r"\bCRS\b|ICANS|neurotox|ototox|cardiotox|GVHD|AV block|heart block|transamin|pancreatitis",
    re.I,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4}
_DIFFERENTIATED = (
    (3, re.compile(r"\bpoorly[- ]differentiated (?=\w*\s?(?:carcinoma|adenocarcinoma|squamous|tumou?r|HCC))", re.I)),
    (
        2,
        re.compile(r"\bmoderately[- ]differentiated (?=\w*\s?(?:carcinoma|adenocarcinoma|squamous|tumou?r|HCC))", re.I),
    ),
)
_GLEASON = re.compile(
    r"Gleason(?:评分| score| sum| grade)?[\s:：]*(?:(?P<a>[3-5])\s*\+\s*(?P<b>[3-5])|(?P<s>6|8|9|10)(?!\d))", re.I
)
_GROUP = re.compile(r"(?:ISUP(?: grade(?: group)?)?|grade group|\bGG)[\s:：]*(?P<n>[1-5])(?!\d|\.\d)", re.I)
_CORES = re.compile(
    r"(?P<n>\d{1,2})\s*(?:/|of|out of)\s*(?P<m>\d{1,2})\s*(?:\w+ ){0,2}?cores\b|"
    r"\bcores (?:positive|involved)[:\s]*(?P<a>\d{1,2})\s*(?:/|of)\s*(?P<b>\d{1,2})|"
    r"(?P<z>\d{1,2})\s*/\s*(?P<y>\d{1,2})\s*针(?:阳性|见癌)?",
    re.I,
)
_BRESLOW = re.compile(
    r"Breslow(?:'s)?(?: thickness| depth|厚度)?[\s:：=of]*(?P<n>\d{1,2}(?:\.\d{1,2})?)\s*(?P<u>mm|毫米)?", re.I
)
_KPS = re.compile(
    r"(?:\bKPS|Karnofsky(?: performance)?(?: status| score| index)?|KPS评分)[\s:：=of]*(?P<n>100|[1-9]0)(?!\d)", re.I
)
_PS = re.compile(
    r"(?:\bPS|\bWHO PS|performance status|\bWHO performance status|体能状态(?:评分)?|体力状况(?:评分)?|"
    r"(?<![A-Za-z])PS评分)"
    r"(?: is| of| score|\s|:|：|=|-)*(?P<n>[0-4])(?!\d|\.\d|[%/]|-\d)",
    re.I,
)
_ECOG_OF_KPS = {100: 0, 90: 0, 80: 1, 70: 1, 60: 2, 50: 2, 40: 3, 30: 3, 20: 4, 10: 4}
_LOSS = re.compile(
    r"(?:(?:loss|absence|lack) of (?:nuclear )?(?:expression of |staining for )?|(?:absent|lost) (?:expression of )?|"
    r"缺失[:：]?\s*)(?P<a>(?:(?:MLH1|PMS2|MSH2|MSH6)"
    r"(?:\s*(?:,|/|and|&|和|、)+\s*)?)+)|(?P<b>(?:(?:MLH1|PMS2|MSH2|MSH6)(?:\s*(?:,|/|and|&|和|、|及)+\s*)?)+)"
    r"(?:\s*(?:protein|expression|staining|蛋白|表达))*\s*[:：]?\s*(?:(?:[-–] )?(?:loss|lost|absent|negative|deficient|"
    r"not expressed)|缺失|"
    r"[（(]?[-－][)）]?(?=[,，。;、)]|\s*(?:$|(?:MLH1|PMS2|MSH2|MSH6)\b)))",
    re.I,
)
_KEPT = re.compile(
    r"(?P<b>(?:(?:MLH1|PMS2|MSH2|MSH6)(?:\s*(?:,|/|and|&|和|、|"
    r"及)+\s*)?){4})\s*[:：]?\s*(?:all )?(?:proteins? )?(?:expression )?"
    r"(?:retained|intact|preserved|present|positive|normal|expressed|阳性|保留|[（(]?\+[)）]?)",
    re.I,
)
_GENE = "(?:MLH1|PMS2|MSH2|MSH6)"
_GENES = rf"{_GENE}(?:\s*(?:,|/|and|&|和|、|及)+\s*{_GENE})*"
_KEPT_SOME = re.compile(
    rf"(?<!absent )(?<!lost )(?<!loss of )(?<!lack of )(?P<b>{_GENES})(?:\s*(?:proteins?|expression|"
    rf"staining|蛋白|表达))*"
    rf"\s*[:：]?\s*(?:[-–] )?(?:retained|intact|preserved|保留)(?! {_GENE})|(?:retained|intact|"
    rf"preserved) (?P<a>{_GENES})",
    re.I,
)
_KEPT_EACH = re.compile(r"(?P<g>MLH1|PMS2|MSH2|MSH6)\s*[（(]\s*(?:\+|＋)\s*[)）]", re.I)
_MMR = ("MLH1", "PMS2", "MSH2", "MSH6")


def measure_facts(document: Document) -> Iterator[Said]:
    """Every measure of the tumour in a note about one."""
    if not about_tumour(document.text):
        return
    made = [
        *_size(document),
        *_nodes(document),
        *_grades(document),
        *_prostate(document),
        *lesion_count(document),
        *lirads_facts(document),
        *_mmr(document),
        *_performance(document),
    ]
    for match in _BRESLOW.finditer(document.text):
        made.append(said(document, "tumour.breslow", float(match["n"]), match.start(), match.end(), "mm"))
    yield from (found for found in made if found is not None)


def _size(document: Document) -> Iterator[Said | None]:
    """The first size of the primary tumour that the note gives: the largest of its diameters."""
    for size in sizes(document.text):
        sentence = document.sentence_at(size.start)
        before = document.text[sentence.start : size.start]
        after = document.text[size.end : sentence.end]
        if not _LESION.search(before + " " + after[:70]):
            continue
        if _NOT_SIZE_BEFORE.search(before) or _NOT_SIZE_AFTER.match(after):
            continue
        opened = before.rfind("(")
        if opened > before.rfind(")") and _NOT_SIZE_BEFORE.search(before[:opened]):
            continue
        if re.search(r"\byp?T|residual", after[:12]) or re.search(r"\bno\s*$", before):
            continue
        found = said(document, "tumour.size", size.longest, size.start, size.end, size.unit)
        if found is not None and found.context.time == "current":
            yield found
            return


def _nodes(document: Document) -> Iterator[Said | None]:
    seen: set[int] = set()
    for pattern in _NODES:
        for match in pattern.finditer(document.text):
            if match.start("n") in seen:
                continue
            n, m = int(match["n"]), int(match["m"]) if match["m"] else None
            groups = match.groupdict()
            if (m is not None and n > m) or (groups.get("w") or "").strip() == "negative":
                continue
            seen.add(match.start("n"))
            sentence = document.sentence_at(match.start())
            yield said(document, "tumour.positive_nodes", n, match.start(), match.end())
            before = document.text[max(sentence.start, match.start() - 30) : match.end()]
            if _SENTINEL.search(before):
                yield said(document, "tumour.sentinel_node_positive", n > 0, match.start(), match.end())
                yield said(document, "procedure.sentinel_node_biopsy", True, match.start(), match.end())


def _grades(document: Document) -> Iterator[Said | None]:
    for match in _IRAE_GRADE.finditer(document.text):
        yield said(document, "therapy.irae_grade", int(match["a"] or match["b"]), match.start(), match.end())
    for match in _GRADE.finditer(document.text):
        sentence = document.sentence_at(match.start())
        words = document.words(sentence)
        near = document.text[max(sentence.start, match.start() - 35) : min(sentence.end, match.end() + 35)]
        if _NOT_GRADE.search(near) or not (
            match["who"] or match["named"] or match["z"] or _LESION.search(words) or _BIOPSY.search(words)
        ):
            continue
        written = match["g"] or match["G"] or match["z"]
        number = _ROMAN.get(written.upper()) or int(written)
        yield said(document, "tumour.grade", number, match.start(), match.end())
    if not _GRADE.search(document.text):
        for number, pattern in _DIFFERENTIATED:
            for match in pattern.finditer(document.text):
                yield said(document, "tumour.grade", number, match.start(), match.end())


_IRAE = (
    r"(?:immune[- ](?:related|mediated)|checkpoint[- ]inhibitor|ICI|irAE)[- ]?(?:\w+ )?(?:colitis|pneumonitis|"
    r"hepatitis|"
    r"myocarditis|nephritis|rash|arthritis|hypophysitis|thyroiditis|adverse event|toxicity)?"
)
_IRAE_GRADE = re.compile(
    rf"(?:CTCAE )?\b(?:grade|G) ?(?P<a>[1-4]) (?:\w+ )?{_IRAE}|{_IRAE},? ?\(?(?:CTCAE )?(?:grade|G) ?(?P<b>[1-4])\b",
    re.I,
)
_BIOPSY = re.compile(
    r"biops|histolog|pathology|glioma|oligodendro|astrocyt|blastoma|pT[0-4]|Ki-?67|ER\b|病理|免疫组化", re.I
)


def _prostate(document: Document) -> Iterator[Said | None]:
    if not re.search(r"prostat|CRPC|HSPC|CSPC|Gleason|前列腺", document.text, re.I):
        return
    for match in _GLEASON.finditer(document.text):
        yield said(document, "tumour.isup_grade_group", _group(match), match.start(), match.end())
    for match in _GROUP.finditer(document.text):
        yield said(document, "tumour.isup_grade_group", int(match["n"]), match.start(), match.end())
    for match in _CORES.finditer(document.text):
        n, m = int(match["n"] or match["a"] or match["z"]), int(match["m"] or match["b"] or match["y"])
        if m > 0 and n <= m:
            share = round(100 * n / m, 1)
            why = f"{n} of {m} cores"
            yield said(document, "tumour.positive_cores_percent", share, match.start(), match.end(), "%", why)


def _group(match: re.Match[str]) -> int:
    if match["s"]:
        return {6: 1, 8: 4, 9: 5, 10: 5}[int(match["s"])]
    a, b = int(match["a"]), int(match["b"])
    return {(3, 3): 1, (3, 4): 2, (4, 3): 3}.get((a, b)) or (4 if a + b == 8 else 5)


def _mmr(document: Document) -> Iterator[Said | None]:
    for match in _LOSS.finditer(document.text):
        for gene in _MMR:
            if gene in (match["a"] or match["b"]).upper():
                yield said(document, f"biomarker.{gene}.protein_loss", True, match.start(), match.end())
        yield said(document, "biomarker.msi_high", True, match.start(), match.end())
    for match in _KEPT_SOME.finditer(document.text):
        for gene in _MMR:
            if gene in (match["a"] or match["b"]).upper():
                yield said(document, f"biomarker.{gene}.protein_loss", False, match.start(), match.end())
    for match in _KEPT.finditer(document.text):
        if all(gene in match["b"].upper() for gene in _MMR):
            yield said(document, "biomarker.msi_high", False, match.start(), match.end())
    each = list(_KEPT_EACH.finditer(document.text))
    if {m["g"].upper() for m in each} == set(_MMR):
        yield said(document, "biomarker.msi_high", False, each[0].start(), each[-1].end())


def _performance(document: Document) -> Iterator[Said | None]:
    for match in _KPS.finditer(document.text):
        number = int(match["n"])
        yield said(
            document, "patient.ecog", _ECOG_OF_KPS[number], match.start(), match.end(), None, f"Karnofsky {number}"
        )
        yield said(document, "patient.karnofsky", number, match.start(), match.end(), "%")
    for match in _PS.finditer(document.text):
        yield said(document, "patient.ecog", int(match["n"]), match.start(), match.end())
