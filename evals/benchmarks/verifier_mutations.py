"""Ways to spoil a good statement, each of one kind, for measuring the verifier.

The mutations read the raw text with patterns of their own; they share no code with the verifier.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator

from agent.draft import Statement

Mutation = Callable[[str, random.Random], Iterator[str]]

_NUMBER = re.compile(r"(?<![A-Za-z0-9.*_:>-])(\d+(?:\.\d+)?)(?![0-9A-Za-z*:_>]|-\d|\.\d)")
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_MASKED = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|[cgp]\.[\w>*]+|\*\d+\w*|1\.73 m²|10⁹|exon \d+|\d+号外显子|Å")
_UNITS = {
    "mm": ("cm", "µm"),
    "cm": ("mm",),
    "mL": ("L", "mm³"),
    "mg": ("g", "µg"),
    "kg": ("lb", "g"),
    "%": (" percentage points", " mg/dL"),
    "mg/dL": ("mmol/L", "g/dL"),
    "mmol/L": ("mg/dL", "µmol/L"),
    "g/dL": ("g/L", "mg/dL"),
    "mmHg": ("kPa",),
    "mg/g": ("mg/mmol",),
    "years": ("months", "days"),
    "year": ("month",),
    "months": ("years", "weeks"),
    "pack-years": ("years",),
    "mL/min": ("L/min", "mg/min"),
    "kcal/mol": ("kJ/mol",),
    "Å": ("nm",),
    "ms": ("s",),
    "Gy": ("mSv",),
    "points": (" %", " mg"),
    "percentage points": (" %",),
    "reads": ("%",),
    "mutations/Mb": (" %",),
    "毫米": ("厘米",),
    "厘米": ("毫米",),
    "毫升": ("升",),
    "毫克": ("克", "微克"),
    "岁": ("个月",),
    "包年": ("年",),
    "毫米汞柱": ("kPa",),
    "个月": ("年", "天"),
    "年": ("个月",),
}
_SIDES = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "左": "右", "右": "左"}
_SITES = {"upper": "lower", "lower": "upper", "上叶": "下叶", "下叶": "上叶"}
_GENES = (
    "EGFR",
    "KRAS",
    "BRAF",
    "TP53",
    "BRCA1",
    "BRCA2",
    "CHEK2",
    "CYP2C19",
    "CYP2D6",
    "CYP2C9",
    "DPYD",
    "SLCO1B1",
    "TPMT",
    "HLA-B",
    "HLA-A",
    "MET",
    "ALK",
    "PALB2",
)
_DRUGS = (
    (
        "clopidogrel",
        "atorvastatin",
        "prasugrel",
        "ticagrelor",
        "osimertinib",
        "gefitinib",
        "metformin",
        "warfarin",
        "pembrolizumab",
        "cetuximab",
        "panitumumab",
        "fluorouracil",
        "capecitabine",
        "nivolumab",
        "apixaban",
        "lisinopril",
    ),
    ("氯吡格雷", "普拉格雷", "替格瑞洛", "奥希替尼", "吉非替尼", "氟尿嘧啶", "卡培他滨", "华法林", "二甲双胍"),
)
_CONDITIONS = (
    (
        "chronic obstructive pulmonary disease",
        "atrial fibrillation",
        "type 2 diabetes mellitus",
        "diabetes mellitus",
        "breast cancer",
        "heart failure",
        "asthma",
        "hypertension",
        "pulmonary embolism",
    ),
    ("高血压", "糖尿病", "心房颤动", "哮喘", "发热"),
)
_VALUES = {
    "solid": "part-solid",
    "poor metaboliser": "rapid metaboliser",
    "intermediate metaboliser": "poor metaboliser",
    "heterozygous": "homozygous",
    "pathogenic": "benign",
    "sensitivity": "resistance",
    "resistance": "sensitivity",
    "decreased function": "normal function",
    "conflicting": "benign",
    "female": "male",
    "实性": "磨玻璃",
    "慢代谢型": "快代谢型",
    "中间代谢型": "慢代谢型",
    "致病": "良性",
    "lung adenocarcinoma": "small cell lung cancer",
    "germline": "somatic",
    "male": "female",
}
_OPPOSITES = {
    "over": "under",
    "or more": "or less",
    "avoid": "use",
    "start": "stop",
    "fall": "rise",
    "grew": "shrank",
    "reduce": "increase",
    "high-grade": "low-grade",
    "大于": "小于",
    "以上": "以下",
    "避免": "使用",
    "减少": "增加",
    "offer": "withhold",
    "first-line": "second-line",
    "high": "low",
    "recommended": "discouraged",
    "progressive": "stable",
}


def numbers(text: str, rng: random.Random) -> Iterator[str]:
    """Change one number: another last digit, a digit swapped or replaced, ten times or a tenth."""
    hidden = _MASKED.sub(lambda m: "\x00" * len(m[0]), text)
    for match in _NUMBER.finditer(hidden):
        shown = match[0]
        for other in sorted(_other_numbers(shown, rng)):
            yield text[: match.start()] + other + text[match.end() :]


def _other_numbers(shown: str, rng: random.Random) -> set[str]:
    whole, point, part = shown.partition(".")
    step = 10.0 ** -len(part)
    value = float(shown)
    found = {f"{value + step:.{len(part)}f}", f"{value + rng.randint(2, 9) * step:.{len(part)}f}"}
    if value > step:
        found.add(f"{value - step:.{len(part)}f}")
    found.add(f"{value * 10:.{len(part)}f}")
    digits = whole + part
    if len(digits) > 1 and digits[0] != digits[1] and digits[1] != "0":
        turned = digits[1] + digits[0] + digits[2:]
        found.add(turned[: len(whole)] + point + turned[len(whole) :])
    return {other for other in found if float(other) != value}


def units(text: str, _: random.Random) -> Iterator[str]:
    """Change the unit after one number, or drop it."""
    spellings = "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
    for match in re.finditer(rf"(?<=\d)([ -]?)({spellings})(?![A-Za-z/]|-?old| ?Hg)", text):
        if match[2] in ("年", "year", "years") and not re.search(r"\d$", text[: match.start()]):
            continue
        for other in _UNITS[match[2]]:
            space = "" if other.startswith(" ") else match[1]
            yield text[: match.start()] + space + other + text[match.end() :]


def _replace(table: dict[str, str]) -> Mutation:
    def mutate(text: str, _: random.Random) -> Iterator[str]:
        for old, new in table.items():
            edge = r"(?<![A-Za-z-])" if old.isascii() else ""
            end = r"(?![A-Za-z-])" if old.isascii() else ""
            for match in re.finditer(edge + re.escape(old) + end, text):
                yield text[: match.start()] + new + text[match.end() :]

    return mutate


def _one_of(groups: tuple[tuple[str, ...], ...], most: int) -> Mutation:
    def mutate(text: str, rng: random.Random) -> Iterator[str]:
        for group in groups:
            for name in group:
                for match in re.finditer(rf"(?<![A-Za-z0-9-]){re.escape(name)}(?![A-Za-z0-9-])", text, re.IGNORECASE):
                    others = [x for x in group if x.casefold() not in text.casefold() and name not in x]
                    for other in rng.sample(others, min(most, len(others))):
                        yield text[: match.start()] + other + text[match.end() :]

    return mutate


def _genes(text: str, rng: random.Random) -> Iterator[str]:
    for match in re.finditer("|".join(sorted(_GENES, key=len, reverse=True)), text):
        for other in rng.sample([g for g in _GENES if g not in text], 4):
            yield text[: match.start()] + other + text[match.end() :]


def variants(text: str, rng: random.Random) -> Iterator[str]:
    """Change the position, the residue or the allele of one variant."""
    for match in re.finditer(r"(?:p\.)?(?:[A-Z][a-z]{2}|[A-Z])(\d{2,4})(?:[A-Z][a-z]{2}|[A-Z])(?![a-z])", text):
        for shift in (1, -1, 10):
            at = str(int(match[1]) + shift)
            yield text[: match.start(1)] + at + text[match.end(1) :]
        for other in rng.sample(["Lys", "Pro", "Trp", "Gly"] if match[0][-1].islower() else ["K", "P", "W", "Q"], 2):
            changed = match[0][: -3 if match[0][-1].islower() else -1] + other
            if changed != match[0]:
                yield text[: match.start()] + changed + text[match.end() :]
    for match in re.finditer(r"c\.(\d+)(?=[_A-Z])", text):
        yield text[: match.start(1)] + str(int(match[1]) + 1) + text[match.end(1) :]
    for match in re.finditer(r"\*(\d+)(?=[A-Z/：:,。 ]|$)", text):
        other = "17" if match[1] != "17" else "4"
        yield text[: match.start(1)] + other + text[match.end(1) :]


def dates(text: str, _: random.Random) -> Iterator[str]:
    """Change the month or the year of one date."""
    for match in _DATE.finditer(text):
        year, month, *day = match[0].split("-")
        yield text[: match.start()] + "-".join([str(int(year) - 1), month, *day]) + text[match.end() :]
        yield text[: match.start()] + "-".join([year, f"{int(month) % 12 + 1:02d}", *day]) + text[match.end() :]


def negate(text: str, _: random.Random) -> Iterator[str]:
    """Turn the sentence into its negation, or take its negation away."""
    stripped = re.sub(r"(?<!“)\b(?:is|was) (not) ", lambda m: m[0].replace("not ", ""), text)
    stripped = re.sub(r"^(No|There is no) (\w)", lambda m: ("There is " if m[1] != "No" else "A ") + m[2], stripped)
    stripped = (
        stripped.replace("are absent", "are present")
        .replace("否认", "有")
        .replace("未见", "可见")
        .replace("阴性", "阳性")
    )
    if stripped != text:
        yield stripped
        return
    auxiliary = re.search(r"\b(is|was|has|had|are|were|takes|gives|measures|predicts|scores|lies|explains)\b", text)
    if auxiliary:
        verb = auxiliary[0]
        plain = {
            "takes": "take",
            "gives": "give",
            "measures": "measure",
            "predicts": "predict",
            "scores": "score",
            "lies": "lie",
            "explains": "explain",
        }
        put = f"does not {plain[verb]}" if verb in plain else f"{verb} not"
        yield text[: auxiliary.start()] + put + text[auxiliary.end() :]
    if text.isascii() and not auxiliary:
        yield "There is no evidence of this: " + (text if text[1:2].isupper() else text[0].lower() + text[1:])
    for old, new in (
        ("为", "不为"),
        ("有", "没有"),
        ("可用", "不可用"),
        ("应避免", "不应避免"),
        ("服用", "未服用"),
        ("过敏", "不过敏"),
    ):
        if old in text and "没有" not in text:
            yield text.replace(old, new, 1)
            return


def quoted(text: str, _: random.Random) -> Iterator[str]:
    """Change one word inside quotation marks."""
    for match in re.finditer(r"“([^”]+)”", text):
        words = match[1].split(" ")
        if len(words) > 1:
            yield text[: match.start(1)] + " ".join([*words[:-1], "nothing"]) + text[match.end(1) :]
            yield text[: match.start(1)] + " ".join([words[0], "very", *words[1:]]) + text[match.end(1) :]
        else:
            yield text[: match.start(1)] + match[1] + "等" + text[match.end(1) :]


def exchanged(text: str, _: random.Random) -> Iterator[str]:
    """Let two different numbers of the sentence change places."""
    hidden = _MASKED.sub(lambda m: "\x00" * len(m[0]), text)
    found = list(_NUMBER.finditer(hidden))
    for one, other in itertools.combinations(found, 2):
        if one[0] != other[0]:
            yield text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]


TEXT_MUTATIONS: dict[str, Mutation] = {
    "number": numbers,
    "numbers exchanged": exchanged,
    "unit": units,
    "side": _replace(_SIDES),
    "site": _replace(_SITES),
    "gene": _genes,
    "variant": variants,
    "drug": _one_of(_DRUGS, 4),
    "condition": _one_of(_CONDITIONS, 4),
    "value": _replace(_VALUES),
    "opposite": _replace(_OPPOSITES),
    "date": dates,
    "negation": negate,
    "quote": quoted,
}


def mutants(statement: Statement, rng: random.Random) -> Iterator[tuple[str, Statement]]:
    """Every text mutation of a statement, with its kind."""
    for kind, mutate in TEXT_MUTATIONS.items():
        for text in dict.fromkeys(mutate(statement.text, rng)):
            if text != statement.text:
                yield kind, statement.model_copy(update={"text": text})
