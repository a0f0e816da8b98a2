"""AgentClinic: our agent is the doctor, a scripted patient answers, and the diagnosis is judged by its terms.

Rows are scenarios: `OSCE_Examination` objects, or the form with `question`, `patient_info`, `physical_exams` and
`answers`. The doctor asks until the budget of turns is used (by a fixed protocol with the built-in model; another chat
model chooses its own questions). What was learned becomes the note of a case, the agent works the case up, and what it
calls most likely is the diagnosis. The built-in agent knows few presentations and abstains on the others.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from evals.outside.diagnosis import same_diagnosis
from evals.outside.patient import Scenario, flat
from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, mean_figure, scorable, scored_one, tallied
from evals.outside.rows import Row, read_rows
from evals.scoring.intervals import wilson

EXAMINATION, TEST, READY = "REQUEST PHYSICAL EXAM", "REQUEST TEST", "DIAGNOSIS READY"
PROTOCOL = (
    "What brings you in today, and how did it happen?",
    "Do you have any other symptoms? Is there anything else?",
    "Do you have any past medical history, and do you take medication?",
    "Do you smoke or drink alcohol, what is your work, and how do you live?",
    "Is there any disease in your family? Do you have allergies?",
    EXAMINATION,
    *(f"{TEST}: {name}" for name in (
        "blood complete count haematology hematology CBC", "chemistry metabolic panel electrolytes serum",
        "urine urinalysis", "chest X-ray radiography", "CT MRI imaging scan", "ultrasound echocardiogram",
        "ECG electrocardiogram EKG", "biopsy histology pathology", "culture serology antibody PCR",
        "cerebrospinal fluid lumbar puncture", "endoscopy colonoscopy", "thyroid hormone cortisol levels",
        "genetic molecular",
    )),
)  # fmt: skip
QUESTION = "What is the most likely diagnosis?"
Doctor = Callable[[Scenario, int], list[tuple[str, str]]]


def run(path: Path, settings: Settings) -> Result:
    """See every patient."""
    started = time.perf_counter()
    scenarios = [scenario_of(row, number) for number, row in enumerate(read_rows(path), start=1)][: settings.limit]
    doctor = by_protocol if settings.model == "builtin" else _chat_doctor(settings.model)
    items = [scored_one(s.name, None, lambda s=s: _item(s, doctor, settings)) for s in scenarios]  # type: ignore[misc]
    figures = [*tallied(items, "right, first named"), *_more(items)]
    notes = [f"Model: {settings.model}; at most {settings.turns} turns."]
    return finished("agentclinic", path.name, items, figures, started, notes)  # fmt: skip


def scenario_of(row: Row, number: int) -> Scenario:
    """Read a scenario of either form. Raises `BadInput` where it is neither."""
    osce = row.get("OSCE_Examination", "osce_examination", "osce")
    if isinstance(osce, dict):
        inner = Row(row.file, row.place, osce)
        patient = inner.get("Patient_Actor", "patient") or {}
        if not isinstance(patient, dict) or not patient:
            raise row.bad("there is no patient", "OSCE_Examination with Patient_Actor and Correct_Diagnosis")
        return Scenario(
            str(number),
            inner.text("Objective_for_Doctor", "objective") or QUESTION,
            patient,
            _parts(inner, "Physical_Examination_Findings", "physical_examination"),
            _parts(inner, "Test_Results", "tests"),
            inner.need("Correct_Diagnosis", "diagnosis"),
        )
    answers = row.get("answers") or []
    right = [a["text"] for a in answers if isinstance(a, dict) and a.get("correct")]
    if not right:
        raise row.bad("it is no scenario", "an object OSCE_Examination, or question with answers, one of them correct")
    return Scenario(str(number), row.text("question") or QUESTION, {"History": row.need("patient_info", "history")},
                    {"Findings": row.text("physical_exams") or ""}, {}, str(right[0]),
                    tuple(str(a["text"]) for a in answers))  # fmt: skip


def _parts(row: Row, *names: str) -> dict[str, Any]:
    value = row.get(*names)
    return value if isinstance(value, dict) else {"Findings": value} if value else {}


def answered(scenario: Scenario, said: str) -> str:
    """What patient or measurements answer to one turn of the doctor."""
    if EXAMINATION in said.upper():
        return scenario.examined()
    return scenario.measured(said) if TEST in said.upper() else scenario.says(said)


def by_protocol(scenario: Scenario, turns: int) -> list[tuple[str, str]]:
    """The conversation of the built-in doctor, who asks the same of everybody."""
    return [(said, answered(scenario, said)) for said in PROTOCOL[:turns]]


def _chat_doctor(model: str) -> Doctor:
    """A chat model that chooses what to ask until it is ready or the turns are used."""
    from agent.llm import chat_model
    from prompts.loader import prompt

    chat = chat_model(model)

    def ask(scenario: Scenario, turns: int) -> list[tuple[str, str]]:
        said: list[tuple[str, str]] = []
        while len(said) < turns:
            history = "\n".join(f"Doctor: {one}\nAnswer: {other}" for one, other in said)
            text = str(chat.invoke(prompt("evals/doctor").render(
                objective=scenario.objective, conversation=history, left=turns - len(said))).text).strip()  # fmt: skip
            if READY in text.upper() or not text:
                break
            said.append((text, answered(scenario, text)))
        return said

    return ask


def note_of(scenario: Scenario, said: Sequence[tuple[str, str]]) -> str:
    """What was learned, as a visit note."""
    history = [other for one, other in said if EXAMINATION not in one.upper() and TEST not in one.upper()]
    found = [other for one, other in said if EXAMINATION in one.upper()]
    tests = [
        other.removeprefix("RESULTS: ") for one, other in said if TEST in one.upper() and "NORMAL READ" not in other
    ]
    about = flat(scenario.patient.get("Demographics") or scenario.patient.get("demographics") or "")
    parts = {"Patient": [about], "History": list(dict.fromkeys(history)), "Examination": found,
             "Results": list(dict.fromkeys(tests))}  # fmt: skip
    return "\n\n".join(f"{head}:\n" + "\n".join(lines) for head, lines in parts.items() if any(lines)) + "\n"


def diagnosed(note: str, demographics: str, model: str) -> list[str]:
    """What the agent calls most likely after it worked the case up, in its order; empty where it names nothing."""
    from agent.service import Consilium

    with tempfile.TemporaryDirectory(prefix="consilium-clinic-") as name:
        folder = Path(name) / "case"
        (folder / "notes").mkdir(parents=True)
        (folder / "notes" / "visit.md").write_text(note, encoding="utf-8")
        body = {"format": "consilium-case/1", "synthetic": True, "question": QUESTION,
                "patient": {"id": "SYN-scenario", **_person(demographics)}}  # fmt: skip
        (folder / "case.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
        service = Consilium(Path(name) / "runs")
        run = service.start(folder, None, model, "en")
        for _ in service.work(run.id):
            pass
        draft, _ = service.answer(run.id)
        named = [*draft.in_section("most_likely"), *draft.in_section("must_not_miss")]
        return [item.text for _, item in named if item.kind in ("inference", "finding")]


def _person(text: str) -> dict[str, Any]:
    age = re.search(r"(\d{1,3})[- ]?(?:year|y/?o)", text, re.IGNORECASE)
    sex = re.search(r"\b(female|woman|girl|male|man|boy)\b", text, re.IGNORECASE)
    found: dict[str, Any] = {"age_years": int(age[1])} if age else {}
    if sex:
        found["sex"] = "female" if sex[1].lower() in ("female", "woman", "girl") else "male"
    return found


def _item(scenario: Scenario, doctor: Doctor, settings: Settings) -> Item:
    said = doctor(scenario, settings.turns)
    about = flat(scenario.patient.get("Demographics") or scenario.patient.get("History") or "")
    named = diagnosed(note_of(scenario, said), about, settings.model)
    values = {"turns": float(len(said)), "named": float(len(named))}
    header: dict[str, Any] = {"id": scenario.name, "expected": scenario.diagnosis}
    if not named:
        return Item(**header, verdict="abstained", values=values, reason="no diagnosis was named")
    hits = [same_diagnosis(text, scenario.diagnosis) for text in named]
    values["among three"] = float(any(hits[:3]))
    return Item(**header, verdict="right" if hits[0] else "wrong", given=" / ".join(named[:3])[:300], values=values)


def _more(items: Sequence[Item]) -> Iterator[Figure]:
    kept = scorable(items)
    among = sum(item.values.get("among three", 0.0) for item in kept)
    yield Figure(name="right, of the first three", estimate=wilson(round(among), len(kept)), about="of all")
    yield mean_figure("turns", [i.values["turns"] for i in kept if "turns" in i.values], "mean", digits=1)
