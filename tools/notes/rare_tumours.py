"""What letters on germ cell, stromal, neuroendocrine and plasma cell tumours, p16-positive throat cancer and masses of
the liver give as parts: markers, nodes, immunohistochemistry, light chains and signs on MRI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notes.document import Document
from tools.notes.tumour_context import Said, denial, is_other, said

_N = r"(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
_GERM_CELL = re.compile(
    r"\bseminoma|germ[- ]cell|embryonal carcinoma|yolk sac|choriocarcinoma|\borchi(?:d)?ectomy|精原|生殖细胞|睾丸", re.I
)
_MARKERS = (
    (
        "lab.afp",
        "ug/L",
        re.compile(
            rf"(?:\bAFP|alpha-?f(?:o)?etoprotein|甲胎蛋白)\b[\s:：=]*(?:of |was |is )?{_N}\s*(?:ug/L|µg/L|μg/L|"
            rf"ng/m[lL]|kU/L)?"
        ),
    ),
    (
        "lab.hcg",
        "[IU]/L",
        re.compile(rf"(?:\b(?:β-?|beta-?|b-?)?[hH][cC][gG]|人绒毛膜促性腺激素)\b[\s:：=]*(?:of |was |is )?{_N}"),
    ),
)
_RETROPERITONEAL = re.compile(
    r"\b(?:retroperitoneal|inter-?aorto-?caval|para-?aortic|para-?caval|pre-?aortic|left renal hilar)\b[^.;\n]{0,40}?"
    r"\b(?:lymph ?nodes?|LNs?|nodes?|nodal|adenopathy|lymphadenopathy|mass)\b|"
    r"(?:腹膜后|腹主动脉旁)[^。；]{0,10}淋巴结(?:肿大|转移)",
    re.I,
)
_SDH = re.compile(
    r"\bSDH[AB]\b[^.;\n]{0,25}?\b(?:loss|lost|deficien\w+|negative|absent)\b|\b(?:loss|absence|"
    r"lack) of (?:cytoplasmic )?SDHB"
    r"|\bSDH[- ]deficien\w+|\bSDH[AB] ?\(?[-–]\)?(?=[,;.\s])|SDHB\s?(?:表达)?(?:缺失|阴性)|SDH\s?缺陷",
    re.I,
)
_P16 = re.compile(
    r"\bp16(?:INK4a)?\b(?!\s*(?:neg|-ve|\(-))[^.;\n]{0,30}?(?:\+|\bpos\w*|\bstrong\b|[7-9]\d ?%|> ?[7-9]\d)|"
    r"\bHPV\b[^.;\n]{0,25}?(?:\+ve|\bpositive|\bpos\b|-related|-associated|-driven)|p16\s?(?:弥漫|强)?阳性",
    re.I,
)
_THROAT = re.compile(
    r"\b(?:tonsil\w*|oropharyn\w*|tongue base|base of (?:the )?tongue|soft palate)\b|扁桃体|口咽|舌根", re.I
)
_SQUAMOUS = re.compile(r"\bsquamous(?:[- ]cell)? (?:carcinoma|cancer)|\bSCC\b|鳞(?:状细胞)?癌", re.I)
_RATIO = re.compile(
    r"(?:κ\s?/\s?λ|λ\s?/\s?κ|kappa\s?/\s?lambda|lambda\s?/\s?kappa|involved\s?/\s?uninvolved|"
    r"(?:s?FLC|light[- ]chain) ratio|轻链比值?)"
    rf"(?: ratio|比值)?[\s:：=]*(?:of |is |was )?{_N}",
    re.I,
)
_PLASMA_CELLS = re.compile(
    rf"(?:plasma cells?|浆细胞)[^.;。；\n\d]{{0,12}}{_N}\s?%|{_N.replace('<n>', '<m>')}\s?% (?:clonal |"
    rf"monoclonal )?plasma cells",
    re.I,
)
_DEL17P = re.compile(r"\bdel\s?\(?17p(?:13)?\)?|17p (?:deletion|loss)|17p\s?缺失", re.I)
_HIAA = re.compile(
    rf"5-?HIAA\D{{0,30}}{_N}[^.;\n\d]{{0,25}}(?:ref\w*|normal|ULN|N|<|参考值?)[^\d\n]{{0,6}}(?P<u>\d+(?:\.\d+)?)", re.I
)
_CARCINOID = re.compile(r"\bcarcinoid syndrome\b|类癌综合征", re.I)
_TARGETOID = re.compile(
    r"\btargetoid\b|\b(?:peripheral|rim)[^.;\n]{0,25}(?:arterial )?(?:hyper-?)?enhanc\w+[^.;\n]{0,80}"
    r"(?:progressive|delayed|centripetal|fill-?in)|\bcapsular retraction\b|"
    r"靶征|靶样|包膜(?:皱缩|回缩)|延迟(?:向心性)?强化",
    re.I,
)
_SATELLITES = re.compile(r"\b(?:satellites?|satellite (?:nodules|lesions))\b|卫星灶|子灶", re.I)
_HILAR = re.compile(
    r"\b(?:enlarged |\d+ ?mm )*(?:lymph )?node[^.;\n]{0,20}\b(?:hepatic hilum|porta hepatis|"
    r"hilum of the liver|portacaval)|"
    r"\b(?:hepatic hil\w+|porta hepatis|portacaval|hepatoduodenal)[^.;\n]{0,20}\b(?:lymph )?nodes?|"
    r"肝门[^。；]{0,8}淋巴结(?:肿大|转移)",
    re.I,
)


def rare_tumour_facts(document: Document) -> Iterator[Said]:
    """The facts of these tumours that a note gives as parts."""
    made = [*_germ_cell(document), *_throat(document), *_plasma_cells(document), *_liver(document)]
    made += _flags(document, _SDH, "biomarker.SDH.deficient")
    made += _flags(document, _CARCINOID, "condition.carcinoid_syndrome")
    for match in _HIAA.finditer(document.text):
        if _number(match["n"]) > 2 * float(match["u"]):
            made.append(said(document, "condition.carcinoid_syndrome", True, match.start(), match.end()))
    yield from (found for found in made if found is not None)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _flags(document: Document, pattern: re.Pattern[str], name: str) -> list[Said | None]:
    """A finding where the pattern stands, not denied and not of another person."""
    return [
        said(document, name, True, match.start(), match.end())
        for match in pattern.finditer(document.text)
        if not denial(document, match.start(), match.start() + 1) and not is_other(document, match.start(), match.end())
    ]


def _germ_cell(document: Document) -> Iterator[Said | None]:
    """Markers, the last of each (after surgery), and retroperitoneal nodes, in a note on a germ cell tumour."""
    if not _GERM_CELL.search(document.text):
        return
    for name, unit, pattern in _MARKERS:
        found = list(pattern.finditer(document.text))
        if found:
            last = found[-1]
            yield said(document, name, _number(last["n"]), last.start(), last.end(), unit)
    yield from _flags(document, _RETROPERITONEAL, "tumour.retroperitoneal_nodes")


def _throat(document: Document) -> Iterator[Said | None]:
    p16 = _P16.search(document.text)
    if p16 is None or not _THROAT.search(document.text) or not _SQUAMOUS.search(document.text):
        return
    yield said(document, "biomarker.p16_positive", True, p16.start(), p16.end())
    yield said(document, "tumour.type", "head_neck_squamous", p16.start(), p16.end())


def _plasma_cells(document: Document) -> Iterator[Said | None]:
    if not re.search(r"myeloma|plasma cell|MGUS|骨髓瘤|浆细胞", document.text, re.I):
        return
    for match in _RATIO.finditer(document.text):
        value = _number(match["n"])
        yield said(
            document,
            "lab.flc_ratio",
            value if value >= 1 else 1 / value if value else 0,
            match.start(),
            match.end(),
            "1",
        )
    for match in _PLASMA_CELLS.finditer(document.text):
        yield said(
            document, "lab.marrow_plasma_cells", _number(match["n"] or match["m"]), match.start(), match.end(), "%"
        )
    yield from _flags(document, _DEL17P, "biomarker.del17p")


def _liver(document: Document) -> Iterator[Said | None]:
    if not re.search(r"\b(?:liver|hepatic|segment)\b|肝", document.text, re.I):
        return
    targetoid = _flags(document, _TARGETOID, "finding.liver_targetoid_mass")
    yield from targetoid
    if targetoid:
        yield from _flags(document, _SATELLITES, "finding.liver_satellites")
        yield from _flags(document, _HILAR, "finding.hepatic_hilar_nodes")
