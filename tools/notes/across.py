"""What one note settles in another: tissue against an impression, a biopsied site against spread on imaging, and the
N category from lymph node stations once the side of the lung tumour is known.

Stations of lung cancer: IASLC map, Rusch 2009 (doi 10.1097/JTO.0b013e3181a0d82e); 1 is N3, 2 to 9 of the side of the
tumour N2, of the other side N3, 10 to 14 N1 (AJCC 8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from knowledge.facts import Fact, vocabulary
from tools.case import Language, Note
from tools.notes.finding import Finding

_TISSUE = re.compile(
    r"\b(?:biops\w+|bx|histolog\w+|histopatholog\w+|patholog\w+|cytolog\w+|FNAC?|FNB|aspirat\w+|core|TBNA|resection|"
    r"specimen|excision|immuno\w+|Bethesda)\b|细针|穿刺|病理|活检|免疫组化|细胞学|Bethesda",
    re.I,
)
_IMPRESSION = re.compile(
    r"\b(?:imp(?:ression)?|clinical(?:ly)?|working diagnosis|presumed|likely|looks? like|told|called|labelled)\b|"
    r"印象|外院|拟诊|初步诊断|门诊诊断|临床诊断",
    re.I,
)
_BENIGN = re.compile(
    r"\badenoma\b|\bno (?:evidence of )?(?:malignan\w+|metasta\w+|tumou?r|cancer|carcinoma)|\bnegative for malignan\w+|"
    r"\bno malignant cells|\bbenign\b|ha?emangioma|\bcyst\b|granuloma\w*|fibrous dysplasia|"
    r"未见(?:恶性|癌|肿瘤|转移)|良性|腺瘤|血管瘤|肉芽肿",
    re.I,
)
_SITES = {
    "tumour.adrenal_metastases": r"adrenal|肾上腺",
    "tumour.liver_metastases": r"\bliver\b|hepatic|肝(?!素)",
    "tumour.bone_metastases": r"\bbone\b|vertebra\w*|\brib\b|sacr\w+|iliac|femur|骨(?!髓)",
    "tumour.brain_metastases": r"\bbrain\b|cerebr\w+|cerebell\w+|脑",
}
_ANY_SITE = re.compile("|".join(_SITES.values()), re.I)
_TISSUE_OF = re.compile(
    r"(?:\b(?:biops(?:y|ies)|bx|FNAC?|FNB|core|cytology|histology|aspiration|aspirate|resection|excision)\b|穿刺|活检)",
    re.I,
)
_STATION = re.compile(
    r"(?:\bstations?|\bLNs?|\bnodes?|\bEBUS(?:-TBNA)?:?|第|\band|,|/|&)\s*(?P<n>1[0-4]|"
    r"[1-9])(?P<s>[RL])?\b(?!\s*(?:mm|cm|%|\.\d|/|of\b))", re.I
)  # fmt: skip
_BARE = re.compile(r"(?<![\w.])(?P<n>1[0-4]|[1-9])(?P<s>[RL])\b")
_MALIGNANT = re.compile(
    r"(?<!no )(?<!no malignant cells, )\b(?:metasta\w+|malignant cells|adeno-?carcinoma|carcinoma|squamous|"
    r"SCLC|positive|involved)\b|"
    r"(?:见|查见|找到)(?:转移)?(?:癌|腺癌|恶性)|转移(?:性)?(?:腺|鳞)?癌",
    re.I,
)  # fmt: skip
_CLEAR = re.compile(
    r"\bno malignan\w+|\bno (?:evidence of )?(?:metasta\w+|tumou?r|carcinoma)|\bnegative\b|\bbenign\b|reactive|"
    r"lymphoid tissue|未见(?:恶性|癌|转移)|阴性",
    re.I,
)
_LUNG_SIDE = re.compile(
    r"\b(?P<r>RUL|RML|RLL|right (?:upper|middle|lower) lobe|right lung)\b|"
    r"\b(?P<l>LUL|LLL|left (?:upper|lower) lobe|left lung|lingula)\b|(?P<zr>右肺?[上中下]叶|右肺)|(?P<zl>左肺?[上下]叶|"
    r"左肺)",
    re.I,
)
_TEXTS: dict[Language, tuple[str, str]] = {
    "en": (
        "The impression in {note} is not used: tissue decides",
        "Spread in {note} is not used: tissue of that site showed no tumour",
    ),
    "zh": ("{note}中的印象未采用：以组织学为准", "{note}中的转移未采用：该部位组织学未见肿瘤"),
}
_CONTEXT = 160  # characters before a mention in which the specimen is named


class Read(NamedTuple):
    """One note and what was found in it."""

    note: Note
    found: list[Finding]


class Settled(NamedTuple):
    """What is no longer used, in words, and the fact by which it was settled."""

    text: str
    by: Fact


def reconcile(read: list[Read], language: Language = "en") -> tuple[list[Read], list[Settled]]:
    """The notes with what they settle in each other, and each statement that is no longer used."""
    warnings: list[Settled] = []
    read = _tissue_over_impression(read, warnings, language)
    read = _refuted_spread(read, warnings, language)
    return [Read(note, [*found, *_stations(note, read)]) for note, found in read], warnings


def _current(finding: Finding, name: str) -> bool:
    return finding.fact.name == name and finding.usable and finding.experiencer == "patient"


def _before(note: Note, start: int) -> str:
    return re.split(r"\n\s*\n", note.text[max(0, start - _CONTEXT) : start])[-1]


def _sentence(note: Note, start: int) -> str:
    before = re.split(r"(?<=[.;])\s|[\n。；]", note.text[:start])[-1]
    after = re.split(r"(?<=[.;])\s|[\n。；]", note.text[start:])[0]
    return before + after


def _tissue_over_impression(read: list[Read], warnings: list[Settled], language: Language) -> list[Read]:
    """Without a type that is an impression, where tissue gives another type of the same organ."""
    spec = vocabulary()["tumour.type"]
    by_tissue = {
        str(f.fact.value)
        for note, found in read
        for f in found
        if _current(f, "tumour.type") and _TISSUE.search(_before(note, f.start)[-90:] + f.quote)
        and not _IMPRESSION.search(_sentence(note, f.start))
    }  # fmt: skip
    kept: list[Read] = []
    for note, found in read:
        stays = []
        for f in found:
            code = str(f.fact.value)
            doubted = (
                _current(f, "tumour.type") and code not in by_tissue and _IMPRESSION.search(_sentence(note, f.start))
            )
            other = next((o for o in sorted(by_tissue) if doubted and _siblings(spec.code_ancestors, code, o)), None)
            if other is None:
                stays.append(f)
            else:
                text = _TEXTS[language][0].format(note=note.title)
                warnings.append(Settled(text, Fact(name="tumour.type", value=other)))
        kept.append(Read(note, stays))
    return kept


_WIDE = frozenset({"solid_tumour", "gi_cancer", "thoracic_cancer", "haematologic_malignancy"})


def _siblings(ancestors: Callable[[str], frozenset[str]], one: str, other: str) -> bool:
    """Whether two types are of one organ and neither holds the other."""
    a, b = set(ancestors(one)), set(ancestors(other))
    return one not in b and other not in a and bool((a & b) - _WIDE)


def _refuted_spread(read: list[Read], warnings: list[Settled], language: Language) -> list[Read]:
    """Without spread to a site that tissue showed to be benign, and the stage IV of a note without other spread."""
    settled: dict[str, tuple[Note, int, int]] = {}
    for note, _ in read:
        for name, start, end in _benign_sites(note):
            settled.setdefault(name, (note, start, end))
    if not settled:
        return read
    out: list[Read] = []
    for note, found in read:
        gone = [f for f in found if _is_refuted(f, note, settled)]
        spread = [f for f in found if _current(f, "tumour.metastatic") and f.fact.value is True and f not in gone]
        if gone and not spread:
            gone += [f for f in found if f.fact.name == "tumour.stage" and str(f.fact.value).startswith("IV")]
        if gone:
            text = _TEXTS[language][1].format(note=note.title)
            warnings.append(Settled(text, Fact(name=next(iter(settled)), value=False)))
        out.append(Read(note, [f for f in found if f not in gone]))
    left = [f for _, found in out for f in found if f.usable and f.fact.value is True]
    others = any(f.fact.name == "tumour.metastatic" or f.fact.name.endswith("_metastases") for f in left)
    return [Read(n, [*found, *_denials(n, settled, others)]) for n, found in out]


def _benign_sites(note: Note) -> Iterable[tuple[str, int, int]]:
    """Sites of which a biopsy in this note shows no tumour, with the words that say it."""
    for tissue in _TISSUE_OF.finditer(note.text):
        start = max(note.text.rfind("\n", 0, tissue.start()), note.text.rfind(". ", 0, tissue.start())) + 1
        stop = re.search(r"\n|。", note.text[tissue.end() :])
        end = tissue.end() + (min(stop.start(), 140) if stop else 140)
        text = note.text[start:end]
        benign = _BENIGN.search(text)
        if benign is None or re.search(r"\bnot yet|pending|await|待", text[: benign.end()], re.I):
            continue
        for name, pattern in _SITES.items():
            site = re.search(pattern, text[: benign.end()], re.I)
            if site is not None and not _MALIGNANT.search(text[site.end() : benign.start()]):
                first = start + min(site.start(), tissue.start() - start)
                yield name, first, start + benign.end()


def _is_refuted(finding: Finding, note: Note, settled: dict[str, tuple[Note, int, int]]) -> bool:
    if finding.fact.value is not True:
        return False
    if finding.fact.name in settled:
        return True
    if finding.fact.name not in ("tumour.metastatic", "condition.metastatic_cancer"):
        return False
    words = finding.quote if _ANY_SITE.search(finding.quote) else _sentence(note, finding.start)
    named = {name for name, pattern in _SITES.items() if re.search(pattern, words, re.I)}
    return bool(named) and named <= set(settled)


def _denials(note: Note, settled: dict[str, tuple[Note, int, int]], others: bool) -> Iterable[Finding]:
    """That there is no spread to a settled site; where no other spread is told of, that there is none."""
    for name, (owner, start, end) in settled.items():
        benign = _BENIGN.search(note.text[start:end])
        words = benign[0].lower() if benign else "no tumour"
        if owner.handle != note.handle:
            continue
        for fact in (name, *(() if others else ("tumour.metastatic",))):
            yield Finding(
                fact=Fact(name=fact, value=False),
                start=start,
                end=end,
                quote=note.text[start:end],
                negated=True,
                assumed=f"tissue: {words}" if fact == name else "tissue of the only suspected site showed no tumour",
            )


def _stations(note: Note, read: list[Read]) -> list[Finding]:
    """The N category from sampled stations, where no N is written."""
    if any(_current(f, "tumour.n_stage") for _, other in read for f in other):
        return []
    if not re.search(r"EBUS|EUS|mediastinoscop|TBNA|纵隔镜|超声支气管镜", note.text, re.I):
        return []
    side = _side(read)
    worst: tuple[int, int, int] | None = None
    clear: tuple[int, int] | None = None
    for start, clause in _clauses(note.text):
        stations = {(int(m["n"]), (m["s"] or "").upper()) for p in (_STATION, _BARE) for m in p.finditer(clause)}
        if not stations:
            continue
        if _CLEAR.search(clause) and not _MALIGNANT.search(_CLEAR.sub("", clause)):
            clear = (start, start + len(clause))
        elif _MALIGNANT.search(clause):
            levels = [_level(number, letter, side) for number, letter in stations]
            known = [level for level in levels if level is not None]
            if known and (worst is None or max(known) > worst[0]):
                worst = (max(known), start, start + len(clause))
    place = worst or ((0, *clear) if clear else None)
    if place is None:
        return []
    level, start, end = place
    return [
        Finding(
            fact=Fact(name="tumour.n_stage", value=f"N{level}"),
            start=start,
            end=end,
            quote=note.text[start:end],
            assumed="from the stations sampled",
        )
    ]


def _clauses(text: str) -> Iterable[tuple[int, str]]:
    for match in re.finditer(r"(?:[^.;。；\n]|(?<=\d)\.(?=\d))+", text):
        lead = len(match[0]) - len(match[0].lstrip())
        yield match.start() + lead, match[0].strip()


def _side(read: list[Read]) -> str | None:
    sides = {
        "R" if (m["r"] or m["zr"]) else "L"
        for note, found in read
        if any(f.fact.name in ("tumour.type", "tumour.size", "nodule.longest_diameter") for f in found)
        for m in _LUNG_SIDE.finditer(note.text)
    }
    return sides.pop() if len(sides) == 1 else None


def _level(number: int, letter: str, side: str | None) -> int | None:
    """N category of a station with tumour; None where the side has to be known and is not."""
    if number == 1:
        return 3
    if number == 7:
        return 2
    if not letter or side is None:
        return None
    if letter != side:
        return 3
    return 2 if number <= 9 else 1
