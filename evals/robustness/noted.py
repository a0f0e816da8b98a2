"""A case told in a note: what stands in the fields of `case.yaml` becomes sentences, as a clinician writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.cases.model import ScriptedCase
from knowledge.facts import FactSpec, vocabulary
from knowledge.units import written_unit

# Beginnings of names of facts that notes hold; others, such as measures of a nodule, come from elsewhere.
_TOLD = ("lab.", "vital.", "smoking.", "symptom.", "phenotype.", "hla.", "germline.", "patient.ecog", "patient.bmi")
_PREGNANT = {"en": {True: "She is pregnant", False: "She is not pregnant"}, "zh": {True: "目前妊娠", False: "未妊娠"}}
_ACUTE = re.compile(r"pneumonia|infection|sepsis|embolism|thrombosis|active|acute|pregnan|colitis|肺炎|感染|栓塞|活动")
_HEADING = {"en": "Examination", "zh": "查体"}
_PRESSURE = ("vital.systolic_bp", "vital.diastolic_bp")
NAME = "visit.md"


def told_in_a_note(case: ScriptedCase) -> ScriptedCase | None:
    """The case with its facts in a further note instead of in fields; None where it has none that notes hold."""
    body, language = dict(case.case), case.language
    groups = [
        _tumour(body, language),
        _named(body.pop("conditions", ()), "condition", language),
        _medications(body, language),
        _allergies(body.pop("allergies", ()), language),
        [_fact(name, value, None, language) for name, value in _biomarkers(body.pop("biomarkers", {}))],
        _observations(body, language),
    ]
    lines = [_joined(group, language) for group in groups if group]
    if not lines:
        return None
    if "date" in body:
        lines.insert(0, f"Date: {body['date']}" if language == "en" else f"日期：{body['date']}")
    text = "\n\n".join(lines) + "\n"
    body = {key: value for key, value in body.items() if value not in ([], {}, ())}
    return case.model_copy(
        update={"case": body, "notes": {**case.notes, NAME if NAME not in case.notes else "told.md": text}}
    )


def _joined(sentences: Sequence[str], language: str) -> str:
    if language == "zh":
        return "".join(f"{sentence}。" for sentence in sentences)
    return " ".join(f"{s if s[1:2].isupper() else s[:1].upper() + s[1:]}." for s in sentences)


def _tumour(body: dict[str, Any], language: str) -> list[str]:
    """Type and stage; what else is known of a tumour stays in its field."""
    held = dict(body.get("tumour") or {})
    words = [_label("tumour.stage", held.pop("stage"), language)] if "stage" in held else []
    words += [_label("tumour.type", held.pop("type"), language)] if "type" in held else []
    body["tumour"] = held
    if not words:
        return []
    return [f"Diagnosis: {' '.join(words)}" if language == "en" else f"诊断：{''.join(words)}"]


def _label(name: str, value: str, language: str) -> str:
    code = vocabulary()[name].values.get(value)
    return code.label[language] if code is not None else str(value)


def _named(items: Sequence[Mapping[str, Any]], key: str, language: str) -> list[str]:
    there = [_name(item[key], key, language) for item in items if item.get("present", True)]
    absent = [_name(item[key], key, language) for item in items if not item.get("present", True)]
    comma = ", " if language == "en" else "、"
    now = [name for name in there if _ACUTE.search(name)]
    before = [name for name in there if name not in now]
    made = [("Past medical history: " if language == "en" else "既往史：") + comma.join(before)] if before else []
    if now:
        made.append(f"Presents with {comma.join(now)}" if language == "en" else f"本次因{comma.join(now)}就诊")
    return made + [f"No {name}" if language == "en" else f"无{name}" for name in absent]


def _name(given: str, prefix: str, language: str) -> str:
    """What a condition or drug is called: its label where it is given by the name of a fact, or in another language."""
    specs = vocabulary()
    name = given if given in specs else f"{prefix}.{given}"
    if name in specs:
        return specs[name].label[language]
    found = specs.find(prefix, given) if language == "zh" else None
    return specs[found].label[language] if found else given


def _medications(body: dict[str, Any], language: str) -> list[str]:
    """Drugs that are taken or were stopped; one that is proposed is what the question is about."""
    held = body.pop("medications", ())
    body["medications"] = [i for i in held if i.get("status") == "proposed" or str(i["drug"]).startswith("class_")]
    found = []
    for status, english, chinese in (
        ("current", "Current medication: ", "目前用药："),
        ("stopped", "Stopped: ", "已停用："),
    ):
        drugs = [
            " ".join(filter(None, (item["drug"], item.get("dose"))))
            for item in held
            if item.get("status", "current") == status
        ]
        if drugs:
            found.append((english if language == "en" else chinese) + (", " if language == "en" else "、").join(drugs))
    return found


def _allergies(items: Sequence[Mapping[str, Any]], language: str) -> list[str]:
    if language == "zh":
        return [f"{item['substance']}过敏" for item in items]
    return [
        f"Allergic to {item['substance']}" + (f" ({item['reaction']})" if item.get("reaction") else "")
        for item in items
    ]


def _biomarkers(held: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f"biomarker.{name}", value) for name, value in held.items())


def _observations(body: dict[str, Any], language: str) -> list[str]:
    """Sentences for the observations that notes hold, which leave their field; both blood pressures in one."""
    held = list(body.pop("observations", ()))
    told = [item for item in held if item["fact"].startswith(_TOLD) or item["fact"] == "patient.pregnant"]
    body["observations"] = [item for item in held if item not in told]
    values = {item["fact"]: item for item in told}
    found = []
    if all(name in values for name in _PRESSURE):
        high, low = (values.pop(name)["value"] for name in _PRESSURE)
        found.append(f"Blood pressure {high}/{low} mmHg" if language == "en" else f"血压{high}/{low} mmHg")
    found += [_fact(name, item["value"], item.get("unit"), language) for name, item in values.items()]
    mark = ": " if language == "en" else "："
    return [f"{_HEADING[language]}{mark}{found[0]}", *found[1:]] if found else []


def _fact(name: str, value: Any, unit: str | None, language: str) -> str:
    """One fact as a clause."""
    spec = vocabulary()[name]
    if name == "patient.pregnant":
        return _PREGNANT[language][bool(value)]
    if spec.kind == "boolean":
        return _present(spec, name, value=bool(value), language=language)
    if spec.kind == "code":
        label = _label(name, str(value), language)
        return label if name.startswith("smoking.") else f"{name.split('.')[1]} {label}"
    if name == "smoking.quit_years":
        return f"stopped smoking {value} years ago" if language == "en" else f"戒烟{value}年"
    if name == "smoking.pack_years":
        return f"{value} pack-years" if language == "en" else f"吸烟{value}包年"
    label = "ECOG" if name == "patient.ecog" else spec.label[language]
    shown = written_unit(unit, language) if unit else ""
    return f"{label} {value} {shown}".strip()


def _present(spec: FactSpec, name: str, *, value: bool, language: str) -> str:
    label = spec.label[language]
    if not name.startswith(("biomarker.", "germline.", "hla.")):
        return label if value else f"{'no ' if language == 'en' else '无'}{label}"
    for word, opposite in (("positive", "negative"), ("carrier", "negative"), ("阳性", "阴性"), ("携带", "阴性")):
        if label.endswith(word):
            return label if value else label.removesuffix(word) + opposite
    if language == "zh":
        return f"{label}{'阳性' if value else '阴性'}"
    return f"{label} {'detected' if value else 'not detected'}"
