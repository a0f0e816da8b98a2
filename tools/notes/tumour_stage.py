"""T, N and M, the stage group, and where the tumour has spread to.

A stage group of TNM (AJCC/UICC 8) or FIGO is taken as written; what follows from it is worked out in
`knowledge/staging.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.facts import vocabulary
from tools.notes.document import Document
from tools.notes.tumour_context import Said, about_tumour, denial, is_uncertain, parts, said

_STAGE = re.compile(
    r"\b(?:(?:TNM|AJCC|UICC|FIGO|clinical|pathologic(?:al)?|pTNM|cTNM)\s+)*stage\s*(?:group\s*)?[:=]?\s*[cp]?(?P<s>IV|"
    r"I{1,3}|[1-4]|0)(?P<sub>[A-D]?[1-3]?)\b|\b(?:FIGO)\s*(?P<f>IV|I{1,3})(?P<fs>[A-D]?[1-3]?)\b|"
    r"(?P<z>IV|I{1,3}|Ⅳ|Ⅲ|Ⅱ|Ⅰ)(?P<zs>[A-D]?[1-3]?)\s*期",
    re.IGNORECASE,
)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "Ⅰ": "I", "Ⅱ": "II", "Ⅲ": "III", "Ⅳ": "IV"}
_OTHER_STAGE = re.compile(
    r"kidney|renal failure|\bCKD\b|hypertension|heart failure|fibrosis|pressure|ulcer|sacral|decubitus|COPD|"
    r"GOLD|labou?r|"
    r"sleep|Parkinson|AKI|HIV|AIDS|retinopathy|sarcoidosis|steatohepatitis|encephalopathy|lymphedema|endometriosis|"
    r"Ann Arbor|Lugano|Binet|\bRai\b|R-?ISS|肾病|肾功能|高血压|\bG[1-5][ab]?\b(?= ?A[1-3])",
    re.I,
)
_EARLIER = re.compile(
    r"\b(?:initial(?:ly)?|original(?:ly)?|previously|formerly|would|if|in case of|discussed that)\b[^.;,]{0,30}$|"
    r"初诊时?$",
    re.I,
)
_T = re.compile(
    r"(?<![A-Za-z0-9/])(?:(?P<p>y?[cp]|mr|r|u|c/p)\s?)?T(?P<t>is|a(?![a-z])|[0-4][a-d]?)(?:\(m\)|mi)?"
    r"(?=$|[\s,;.:()\[\]（），。；/+-]|[cp]?[NM][0-3x])",
    re.A,
)
_T_OTHER = re.compile(
    r"^[\s-]*(?:weight|signal|hyper|hypo|image|sequence|FLAIR|score|level|vertebr|DM\b|cell|lymph|relax|contrast|"
    r"dermatome|spine|spinal|body|mapping)",
    re.I,
)
_N = re.compile(r"(?<![A-Za-z0-9])(?:y?[cp]|mr|r)?N(?P<n>[0-3])(?:mi|[abc])?(?:\(sn\))?(?![A-Za-z0-9])", re.A)
_T_BEFORE = re.compile(r"T(?:is|a|x|[0-4][a-d]?)[\s,]{0,2}(?:\([^)]{0,12}\))?\s?$|\bCT: ?$")
_GLUED = re.compile(
    r"(?<![A-Za-z0-9])(?:y?[cp]|mr|r|u)?T(?:is|a|x|[0-4][a-d]?)[\s,]{0,2}(?:y?[cp])?N(?P<n>[0-3x])(?:mi|[abc])?"
    r"(?:[\s,]{0,2}(?:[cp])?M(?P<m>[01x])[a-d]?)?",
    re.A | re.I,
)
_M = re.compile(r"(?<![A-Za-z0-9])[cp]?M(?P<m>0|1[abcd]?)(?:\([0-9]\))?(?![A-Za-z0-9])", re.A)
_M_NEAR = re.compile(r"(?:N[0-3x](?:mi|[abc])?\s*(?:\([^)]{0,12}\))?[\s,]{0,2}|stage\s+\w{1,4}[\s,(]{1,3})$", re.I)
_M_SUB = re.compile(r"1[abcd]")

_SITES = {
    "tumour.brain_metastases": r"brain|cerebral|cerebellar|intracranial|CNS|脑|颅内",
    "tumour.bone_metastases": r"bone|bony|osseous|skeletal|spinal|vertebral|(?<!锁)骨(?!髓)",
    "tumour.liver_metastases": r"liver|hepatic|肝(?!外|门)",
}
_PLACE = (
    r"(?:brain|cerebral|cerebellar|intracranial|CNS|bone|bony|osseous|skeletal|spinal|vertebral|liver|hepatic|lung|"
    r"pulmonary|adrenal|peritoneal|omental|visceral|pleural|distant|extrahepatic|extracranial|extrathoracic|systemic|"
    r"soft[- ]tissue|skin|cutaneous|retroperitoneal)"
)
_METS = re.compile(
    rf"(?P<site>\b{_PLACE}(?:\s*(?:,|and|or|/|&|\+)+\s*{_PLACE})*)?\s*\b(?P<m>(?:oligo-?)?metasta(?:sis|ses|tic|sized|"
    rf"sised)|(?-i:[Mm]ets?)\b(?!\s*(?:ex|amp|inhib))|secondaries|(?<=extrahepatic )spread|(?<=distant )spread)",
    re.I,
)
_METS_ZH = re.compile(
    r"(?P<site>(?:(?:多发|双|左|右|全身|伴)?(?:脑|颅内|骨|肝|肺|肾上腺|腹膜|胸膜|远处|肝外|软组织|内脏|锁骨上淋巴结)"
    r"(?:S\d(?:[、,/～~-]S?\d)*段?|[左右]叶|内|多发|弥漫)?(?:[、及和，]|转移、)?)+)(?:多发|可见|见|散在|广泛)*转移|转移性(?!淋巴结)(?=[^，。；]{0,6}(?:癌|肉瘤|黑色素瘤))"
)
_ABBREVIATED = re.compile(r"(?<![A-Za-z])m(?:CRPC|HSPC|CSPC|CRC|PDAC|RCC|UC|NSCLC|BC|TNBC|GIST|HCC)(?![A-Za-z])")
_NODAL = re.compile(
    r"\b(?:lymph ?nodes?|nodal|nodes?|stations?|EBUS|TBNA|axillary|sentinel|mediastinal|hilar|regional|"
    r"inguinal|in[- ]transit|satellite|"
    r"micro)\b[^.;,]{0,15}$|淋巴结$",
    re.I,
)
_NODAL_AFTER = re.compile(
    r"^\s*(?:to|in|of|involving)\s+(?:\d+\s+)?(?:the\s+)?(?:\w+\s+)?(?:lymph|nodes?|LNs?)\b", re.I
)
_LIST_AFTER = re.compile(
    r"^(?:\s+(?:disease|(?:\w+[- ]){0,3}(?:cancer|carcinoma|adenocarcinoma|GIST|NSCLC|PDAC|melanoma|disease)|"
    r"since \d{4}|"
    r"in \d{4}))*\s*(?:\((?P<a>[^)]{0,60})\)|(?:to|in|at)\s+(?:the\s+)?(?P<b>(?:\w+(?:,| and| &)?\s+){0,4}\w+)|"
    r":\s*(?P<c>[^.;]{0,50}))",
    re.I,
)
_CLEAR_BRAIN = re.compile(
    r"\b(?:MRI (?:of the )?brain|brain MRI|MRI head|CT head|cranial MRI|brain imaging|MR brain)[^.;,]{0,25}?"
    r"(?:clear|negative|normal|no (?:brain )?metasta\w+|unremarkable|no evidence of metasta\w+|NAD)\b|"
    r"(?:头颅|颅脑|脑)(?:部)?(?:增强)?(?:MRI|磁共振|CT)[^。；]{0,6}(?:未见(?:明显)?(?:转移|异常)|阴性)",
    re.I,
)
_STAGING_CLEAR = re.compile(
    r"\b(?:no|without)(?: evidence of| sign of| radiological)*(?: any)? (?:distant|extrahepatic|extrathoracic|"
    r"other|further|"
    r"systemic)?\s*(?:metasta(?:sis|ses|tic disease)|mets|spread|disease elsewhere|"
    r"(?<=distant )disease)\b|\bnegative for (?:distant )?"
    r"metasta\w+|\bnon-?metastatic\b|"
    r"\bPET(?:[-/ ]?CT)?\b(?:[^.;\n]|\.(?=\d)){0,60}?\b(?:nothing else|no(?:thing)? (?:other|further|additional)"
    r"(?: \w+){0,2} (?:uptake|lesions?|disease|avid\w*|abnormalit\w+))\b|"
    r"(?:无|未见|没有|未发现)(?:明显)?(?:远处|肝外)?转移(?!性)",
    re.I,
)


# `5 liver lesions`, `>20 bone lesions`, `Relapse 2024: bone`: spread without the word for it.
_MANY = (
    r"(?:[>~≥]?\s?(?:[3-9]|[1-9]\d)\+?|multiple|numerous|several|innumerable|many|new|widespread|diffuse|"
    r"three|four|five|six|seven|eight|nine|ten|bilobar|lytic|sclerotic|PSMA[- ]avid|(?:FDG|PET)[- ]avid)"
)
_LESIONS = re.compile(
    rf"(?<![\w.]){_MANY}\s+(?:(?:new|further|bilateral|bilobar|lytic|sclerotic|avid|hypodense|enhancing|"
    rf"hypervascular|suspicious)\s+){{0,2}}"
    r"(?P<site>bone|bony|osseous|skeletal|spinal|vertebral|liver|hepatic|peritoneal|omental|adrenal|brain|cerebral)\s+"
    r"(?:lesions?|deposits?|nodules?)\b|"
    r"\b(?P<biopsied>liver|bone|hepatic|peritoneal|omental|adrenal) (?:lesion|deposit|nodule)s?(?: bx| biops\w+)"
    r"[^.;\n]{0,20}?"
    r"(?:confirm\w*|positive|adenoca\w*|carcinoma|malignan\w+)|"
    r"\b(?:relapse[ds]?|recurr(?:ed|ence))\b[^.;:\n]{0,25}[:：]\s*"
    r"(?P<relapse>bone|liver|lungs?|brain|pleura\w*|peritone\w+)\b|"
    r"(?P<zh>骨|肝|脑|腹膜|肾上腺)(?:内)?(?:多发|弥漫)(?:性)?(?:结节|病灶|占位)(?=[^。；]{0,12}转移)",
    re.I,
)
_NO_SPREAD = re.compile(
    r"^[^.;\n]{0,60}?\b(?:cysts?|cystic|h(?:a)?emangioma\w*|benign|FNH|indeterminate|too small|Gorlin|osteoporotic|"
    r"degenerative|islands?|ablation|h(?:a)?ematoma)\b",
    re.I,
)
_OF_THE_LIVER = re.compile(r"\bHCC\b|hepato-?cellular|cholangiocarcinoma|cirrho|肝细胞癌|胆管癌|肝硬化", re.I)


def _lesions(document: Document) -> Iterator[Said | None]:
    """Spread told of as lesions of another organ, in a note of a tumour."""
    for match in _LESIONS.finditer(document.text):
        site = match["site"] or match["biopsied"] or match["relapse"] or match["zh"]
        if _NO_SPREAD.match(document.text[match.end() :]) or denial(document, match.start(), match.end()) is not None:
            continue
        named = _of(site)
        if "tumour.liver_metastases" in named and _OF_THE_LIVER.search(document.text):
            continue
        if "tumour.brain_metastases" in named and re.search(r"gli|astrocyt|胶质", document.text, re.I):
            continue
        for name in (*named, "tumour.metastatic"):
            yield said(document, name, True, match.start(), match.end())


def stage_facts(document: Document) -> Iterator[Said]:
    """T, N, M, stage groups and metastases."""
    if not about_tumour(document.text):
        return
    groups = [found for found in _groups(document) if found is not None]
    spread = [found for found in (*_metastases(document), *_lesions(document)) if found is not None]
    made = [*_latest(groups), *_tnm(document), *_clear_nodes(document), *spread, *_no_metastases(document)]
    now = any(found.hit.fact.value is True and found.context.time == "current" for found in spread)
    yield from (found for found in made if found is not None and not (now and _is_of_before(document, found)))


# Thyroid cancer under 55 and germ cell tumours have stages II and III with distant metastases (AJCC 8).
_SPREAD_BELOW_IV = re.compile(r"thyroid|testic|seminoma|germ cell|甲状腺|睾丸|生殖细胞", re.I)


def _is_of_before(document: Document, found: Said) -> bool:
    """Whether a stage or an M0 is that of a time before the spread that the same note tells of."""
    fact = found.hit.fact
    if fact.name == "tumour.stage":
        return not str(fact.value).startswith("IV") and not _SPREAD_BELOW_IV.search(document.text)
    written = document.text[found.hit.start : found.hit.end]
    return fact.name == "tumour.metastatic" and fact.value is False and "M0" in written


def _groups(document: Document) -> Iterator[Said | None]:
    codes = vocabulary()["tumour.stage"].values
    for match in _STAGE.finditer(document.text):
        before, after = parts(document, match.start(), match.end())
        if _OTHER_STAGE.search(before[-40:] + match[0] + after[:40]) or _EARLIER.search(before):
            continue
        main = (match["s"] or match["f"] or match["z"]).upper()
        code = _ROMAN.get(main, main) + (match["sub"] or match["fs"] or match["zs"] or "").upper()
        code = code if code in codes else code[:-1]
        if code in codes:
            yield said(document, "tumour.stage", code, match.start(), match.end())


def _latest(groups: list[Said]) -> list[Said]:
    """Without the groups I to III of a note that also gives group IV: a tumour does not go back."""
    now = [g for g in groups if str(g.hit.fact.value).startswith("IV") and g.context.time == "current"]
    return [g for g in groups if str(g.hit.fact.value).startswith("IV")] if now else groups


_BRACKETED = re.compile(r"[(（]T[0-4][a-d]?[)）](?=[\s\S]*[(（]N[0-3][a-c]?[)）])")


def _in_brackets(text: str, match: re.Match[str]) -> re.Match[str] | None:
    """The bracketed T where a note puts its categories in brackets: `invades the clivus (T3) … both sides (N2)`."""
    around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return _BRACKETED.search(text) if around in ("()", "（）") else None


def _tnm(document: Document) -> Iterator[Said | None]:
    text = document.text
    glued = list(_GLUED.finditer(text))
    codes = vocabulary()["tumour.t_stage"].values
    for match in _T.finditer(text):
        joined = any(g.start() <= match.start() < g.end() for g in glued)
        named = re.search(r"(?:\bstage|category|high[- ]grade|low[- ]grade)\s*$", text[: match.start()], re.I)
        named = named or _in_brackets(text, match)
        if not (match["p"] or joined or named) or (match["p"] or "").startswith("y"):
            continue
        written = match["t"]
        code = f"T{written}"
        code = code if code in codes else code[:2]
        if code in codes and not _T_OTHER.match(text[match.end() :]):
            yield said(document, "tumour.t_stage", code, match.start(), match.end())
    for match in _N.finditer(text):
        if match[0].startswith("y") or re.search(r"ypT\w+\s*$", text[: match.start()]):
            continue
        prefixed = match[0][0] in "cpm"
        after_t = _T_BEFORE.search(text[max(0, match.start() - 30) : match.start()])
        told = prefixed or after_t or _in_brackets(text, match) or match[0] == "N0"
        if told or re.match(r"[\s,]{0,2}[cp]?M[01]", text[match.end() :]):
            yield said(document, "tumour.n_stage", f"N{match['n']}", match.start(), match.end())
    for match in glued:
        if match["n"] and match["n"] in "0123" and not match[0].startswith("y"):
            yield said(document, "tumour.n_stage", f"N{match['n']}", match.start(), match.end())
        if match["m"] and match["m"] in "01":
            yield said(document, "tumour.metastatic", match["m"] == "1", match.start(), match.end())
    for match in _M.finditer(text):
        before = text[max(0, match.start() - 30) : match.start()]
        sure = _M_SUB.match(match["m"]) or match[0][0] in "cp" or _M_NEAR.search(before) or match["m"] == "0"
        if sure and not re.search(r"leuk|MCA", document.words(document.sentence_at(match.start())), re.I):
            yield said(document, "tumour.metastatic", match["m"][0] == "1", match.start(), match.end())
            listed = re.match(r"\s*\((?P<a>[^)]{0,60})\)", text[match.end() :])
            for name in _of(listed["a"]) if listed and match["m"][0] == "1" else ():
                yield said(document, name, True, match.start(), match.end() + listed.end())  # type: ignore[union-attr]


# Nodes that a needle sampled or a pathologist saw, all free of tumour: N0.
_CLEAR_NODES = re.compile(
    r"\b(?:EBUS|EUS|mediastinoscopy|sentinel (?:lymph )?nodes?)\b[^.;\n]{0,40}?\b(?:all )?(?:negative|benign|clear|"
    r"no (?:nodal )?(?:malignan\w+|metasta\w+|tumou?r))\b|"
    r"\b(?:lymph |mediastinal |hilar |regional )*nodes? (?:were |was |are )?(?:all )?"
    r"(?:negative|benign|clear|free of tumou?r)(?: for malignancy)? (?:on|at|by|with) "
    r"(?:EBUS|EUS|mediastinoscopy|TBNA|sentinel|pathology|histology)|"
    r"(?:EBUS|超声支气管镜|纵隔镜|前哨淋巴结)[^。；\n]{0,15}(?:阴性|未见(?:癌|转移|肿瘤))",
    re.I,
)
_SOME_NODES = re.compile(r"\b(?:station|4R|4L|7|10R|10L|11)\b[^.;]{0,20}\bpositive|\bpositive\b|阳性", re.I)


def _clear_nodes(document: Document) -> Iterator[Said | None]:
    for match in _CLEAR_NODES.finditer(document.text):
        if not _SOME_NODES.search(match[0]) and not is_uncertain(document, match.start(), match.end()):
            yield said(document, "tumour.n_stage", "N0", match.start(), match.end())


def _metastases(document: Document) -> Iterator[Said | None]:
    text = document.text
    clear = [m.span() for m in _STAGING_CLEAR.finditer(text)] + [m.span() for m in _CLEAR_BRAIN.finditer(text)]
    for match in _ABBREVIATED.finditer(text):
        yield said(document, "tumour.metastatic", True, match.start(), match.end())
    for match in (*_METS.finditer(text), *_METS_ZH.finditer(text)):
        start = match.start("site") if match["site"] else match.start() + len(match[0]) - len(match[0].lstrip())
        end = match.end()
        before, after = parts(document, start, end)
        if any(a <= start < b for a, b in clear) or _NODAL.search(before) or _NODAL_AFTER.match(after):
            continue
        if re.search(r"non-?$", before) or re.match(r"^\s*(?:risk|potential|screen)", after, re.I):
            continue
        yield from _spread(document, match["site"] or "", start, end, after)


def _spread(document: Document, site: str, start: int, end: int, after: str) -> Iterator[Said | None]:
    denied = denial(document, start, end)
    if denied is not None and re.search(
        r"therapy|treatment|\bprior\b|\bprevious\b|\bfor\b", document.text[denied[0] : start], re.I
    ):
        denied = None
    listed = _LIST_AFTER.match(after)
    where = site + " " + next((g for g in listed.groups() if g), "") if listed else site
    named = [name for name, pattern in _SITES.items() if re.search(rf"(?<![A-Za-z])(?:{pattern})", where, re.I)]
    if denied is not None:
        for name in named:
            yield said(document, name, False, *denied)
        if not named and not re.sub(r"distant|extrahepatic|systemic|远处|肝外|[\s,、]", "", site, flags=re.I):
            yield said(document, "tumour.metastatic", False, *denied)
        return
    stop = end + (listed.end() if listed and (listed["a"] or listed["b"]) and named else 0)
    for name in named:
        yield said(document, name, True, start, stop if name not in _of(site) else end)
    yield said(document, "tumour.metastatic", True, start, end)


def _of(site: str) -> list[str]:
    return [name for name, pattern in _SITES.items() if re.search(pattern, site, re.I)]


def _no_metastases(document: Document) -> Iterator[Said | None]:
    for match in _CLEAR_BRAIN.finditer(document.text):
        yield said(document, "tumour.brain_metastases", False, match.start(), match.end())
    brain = [m.span() for m in _CLEAR_BRAIN.finditer(document.text)]
    for match in _STAGING_CLEAR.finditer(document.text):
        inside = any(a < match.end() and match.start() < b for a, b in brain)
        if not inside and not is_uncertain(document, match.start(), match.end()):
            yield said(document, "tumour.metastatic", False, match.start(), match.end())
