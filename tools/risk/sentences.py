"""Results as plain sentences with the facts that they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.facts import Fact, vocabulary
from knowledge.units import written_unit
from tools.case import Language
from tools.risk.catalogue import get_model
from tools.risk.chinese import assumed_in_chinese, in_chinese, problem_in_chinese
from tools.risk.compute import Estimate, OutputValue
from tools.risk.explain import Explanation
from tools.risk.model import NOT_RECORDED, RiskModel


def _digits(one: Estimate, output: OutputValue) -> int:
    return next(o.digits for o in get_model(one.model).outputs if o.key == output.key)


def number_text(one: Estimate, output: OutputValue, value: float) -> str:
    """A value of this result as it is written, with its unit."""
    unit = written_unit(output.unit)
    return f"{value:.{_digits(one, output)}f} {unit}".strip()


def claim(one: Estimate, output: OutputValue, language: Language = "en") -> str:
    """One sentence that states a result."""
    if language == "zh":
        return _chinese_claim(one, output)
    same = output.title.casefold() in one.title.casefold() or one.title.casefold() in output.title.casefold()
    start = f"The {_lower(output.title)}" if same else f"By {one.title}, the {_lower(output.title)}"
    if output.shown is None:
        return f"{start} is {output.text}."
    text = f"{start} is {number_text(one, output, output.shown)}"
    if output.band and output.band != f"{output.shown:g}":
        text += f" ({output.band})"
    return f"{text}{_scored(one, output)}."


_MOST_SCORED = 8


def _scored(one: Estimate, output: OutputValue, language: Language = "en") -> str:
    """The lines that score, each with its points; nothing where they are many."""
    if output != one.main() or not 0 < len(one.scored) <= _MOST_SCORED:
        return ""
    if language == "zh":
        labels = [[vocabulary()[name].label for name in item.facts] for item in one.scored]
        parts = [
            f"{'或'.join(label.get('zh') or label['en'] for label in found) or item.label} {item.points:+g}"
            for found, item in zip(labels, one.scored, strict=True)
        ]
        return f"：{'、'.join(parts)}"
    return f": {', '.join(f'{_lower(item.label)} {item.points:+g}' for item in one.scored)}"


def _chinese_claim(one: Estimate, output: OutputValue) -> str:
    name, title = in_chinese(output.title), in_chinese(one.title)
    start = name if name in title or title in name else f"按{title}，{name}"
    if output.shown is None:
        return f"{start}：{in_chinese(output.text or '')}。"
    value = number_text(one, output, output.shown)
    band = f"（{in_chinese(output.band)}）" if output.band and output.band != f"{output.shown:g}" else ""
    return f"{start}为{value}{band}{_scored(one, output, 'zh')}。"


def assumed_text(one: Estimate, language: Language = "en") -> str:
    """Everything that an estimate took for granted, as one sentence; empty where it took nothing."""
    if language == "zh":
        parts = assumed_in_chinese(one.assumptions)
        return f"{in_chinese(one.title)}：{'；'.join(parts)}。" if parts else ""
    parts = assumed_parts(one)
    return f"{one.title}: {'; '.join(parts)}." if parts else ""


def problem_texts(one: Estimate, language: Language = "en") -> list[str]:
    """Why a model gives no result, a sentence each."""
    return [problem_in_chinese(one, p) if language == "zh" else p.text for p in one.problems]


def assumed_parts(one: Estimate) -> list[str]:
    """What an estimate took for granted; what was taken as absent because nobody recorded it stands in one part."""
    absent = [text.removesuffix(f": {NOT_RECORDED}") for text in one.assumptions if text.endswith(NOT_RECORDED)]
    parts = [text for text in one.assumptions if not text.endswith(NOT_RECORDED)]
    return [*parts, f"taken as absent because not recorded: {', '.join(absent)}"] if absent else parts


def _lower(title: str) -> str:
    words = title.split(" ")
    keep = len(title) > 1 and (title[1].isupper() or title[1].isdigit() or "-" in words[0])
    keep = keep or (len(words) > 1 and words[1][:1].isupper() and words[1] != words[1].upper())
    return title if keep else title[0].lower() + title[1:]


def item_facts(one: Estimate, output: OutputValue) -> tuple[Fact, ...]:
    """The facts of one result: item-scope ones as written, and the patient-scope fact that it becomes."""
    facts = [Fact(name="risk.model", value=one.title)]
    if output.shown is None:
        facts.append(Fact(name="risk.category", value=output.text or ""))
    elif output.kind == "probability":
        facts.append(Fact(name="risk.probability", value=output.shown, unit="%"))
    elif output.kind == "score":
        facts.append(Fact(name="risk.score", value=output.shown, unit="1"))
    else:
        facts.append(Fact(name="risk.value", value=output.shown, unit="1"))
    if output.shown is not None and output.band:
        facts.append(Fact(name="risk.category", value=output.band))
    if output.horizon_years is not None:
        facts.append(Fact(name="risk.horizon", value=output.horizon_years, unit="a"))
    facts.extend(patient_fact(output))
    return tuple(facts)


def patient_fact(output: OutputValue) -> list[Fact]:
    """The declared patient fact of a result, if it has one. Probabilities keep four decimals for criteria."""
    if output.fact is None or (output.value is None and output.text is None):
        return []
    spec = vocabulary()[output.fact]
    if spec.kind == "code":
        return [Fact(name=output.fact, value=output.text or "")]
    if spec.kind == "integer":
        return [Fact(name=output.fact, value=round(output.value or 0))]
    value = round(output.value or 0, 4) if output.kind == "probability" else output.shown
    return [Fact(name=output.fact, value=value if value is not None else 0.0, unit=output.unit)]


def comparison(one: Estimate, before: OutputValue, after: OutputValue, changed: Sequence[Fact],
               language: Language = "en") -> tuple[str, tuple[Fact, ...]]:  # fmt: skip
    """A what-if as a sentence and item-scope facts: before, after, difference. Nothing becomes a patient fact."""
    assert before.shown is not None
    assert after.shown is not None
    what = ("、" if language == "zh" else ", ").join(change_text(fact, language) for fact in changed)
    difference = round(after.shown - before.shown, 6) + 0.0
    probability = before.kind == "probability"
    unit = "percentage points" if probability else written_unit(before.unit)
    step = f"{difference:+.{_digits(one, before)}f} {unit}".strip()
    text = (
        f"With {what}, the {_lower(before.title)} by {one.title} would be {number_text(one, after, after.shown)} "
        f"instead of {number_text(one, before, before.shown)} (difference {step})."
    )
    if language == "zh":
        step = f"{difference:+.{_digits(one, before)}f} {'个百分点' if probability else unit}".strip()
        text = (
            f"若{what}，{in_chinese(one.title)}的{in_chinese(before.title)}将为"
            f"{number_text(one, after, after.shown)}，而非{number_text(one, before, before.shown)}（相差{step}）。"
        )
    stem, fact_unit = ("probability", "%") if probability else ("score", "1")
    facts = [
        Fact(name="risk.model", value=one.title),
        Fact(name="risk.what_if", value=what),
        Fact(name=f"risk.{stem}_before", value=before.shown, unit=fact_unit),
        Fact(name=f"risk.{stem}_after", value=after.shown, unit=fact_unit),
        Fact(name="risk.difference" if probability else "risk.score_difference", value=difference, unit=fact_unit),
    ]
    if before.horizon_years is not None:
        facts.append(Fact(name="risk.horizon", value=before.horizon_years, unit="a"))
    return text, tuple(facts)


def is_number(before: OutputValue, after: OutputValue) -> bool:
    """Whether a result is a number both times, rather than a category."""
    return before.shown is not None and after.shown is not None


def category_comparison(one: Estimate, before: OutputValue, after: OutputValue, changed: Sequence[Fact],
                        language: Language = "en") -> tuple[str, tuple[Fact, ...]]:  # fmt: skip
    """A what-if on a category as a sentence and item-scope facts."""
    what = ("、" if language == "zh" else ", ").join(change_text(fact, language) for fact in changed)
    same = before.text == after.text
    if language == "zh":
        rest = "" if same else f"，而非{in_chinese(before.text or '')}"
        now = f"仍为{in_chinese(after.text or '')}" if same else f"将为{in_chinese(after.text or '')}"
        text = f"若{what}，{in_chinese(one.title)}的{in_chinese(before.title)}{now}{rest}。"
    else:
        rest = f"would still be {after.text}" if same else f"would be {after.text} instead of {before.text}"
        text = f"With {what}, the {_lower(before.title)} by {one.title} {rest}."
    facts = [
        Fact(name="risk.model", value=one.title),
        Fact(name="risk.what_if", value=what),
        Fact(name="risk.category", value=after.text or ""),
    ]
    return text, tuple(facts)


def made_up(one: Estimate, explanation: Explanation, language: Language) -> str:
    """What a result is made of: the reference patient's, and what each input adds to it on the scale of the result."""
    output = one.outputs[0]
    model = get_model(one.model)
    assert output.shown is not None
    percent = output.kind == "probability"
    digits = max(_digits(one, output), 1) if percent else 2
    parts = []
    for name, amount in _amounts(model, explanation).items():
        label = vocabulary()[name].label
        parts.append(f"{label.get(language) or label['en']} {round(amount, digits):+.10g}")
    start = f"{round(explanation.reference_result, digits):.10g}"
    result = number_text(one, output, output.shown)
    if language == "zh":
        whole = f"{in_chinese(one.title)}为{result}，构成如下：无已记录危险因素的对照患者（其余情况相同）{start}"
        return f"{'，'.join([whole, *parts])}。"
    unit = " percentage points" if percent and parts else ""
    whole = f"The {_lower(output.title)} of {result} by {one.title} is made up of {start} for a reference patient"
    whole += f" ({explanation.reference_patient})"
    return f"{', '.join([whole, *parts])}{unit}."


def _amounts(model: RiskModel, explanation: Explanation) -> dict[str, float]:
    """What each input adds; one that follows from a narrower one (a stroke or TIA, from a TIA) counts with that."""
    amounts = {model.input(part.key).fact: part.on_result_scale for part in explanation.contributions}
    for name in list(amounts):
        wider = [other for other in vocabulary().consequences(name, True) if other in amounts]
        for other in wider if vocabulary()[name].kind == "boolean" else ():
            amounts[name] += amounts.pop(other)
    return amounts


def change_text(fact: Fact, language: Language = "en") -> str:
    """A changed fact in words, such as `systolic blood pressure 120 mmHg`."""
    label = fact.spec.label.get(language) or fact.spec.label["en"]
    if isinstance(fact.value, bool):
        return label if fact.value else f"{'无' if language == 'zh' else 'no '}{label}"
    if fact.spec.kind == "code":
        words = fact.spec.values[str(fact.value)].label
        return f"{label} {words.get(language) or words.get('en', fact.value)}"
    value = f"{fact.value:.10g}" if isinstance(fact.value, float) else fact.value
    return f"{label} {value} {written_unit(fact.unit or '1', language)}".strip()
