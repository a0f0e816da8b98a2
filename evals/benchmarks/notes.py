"""How well notes answer risk calculators: `python -m evals.benchmarks.notes [--json FILE]`.

Reads ../shared/data/notes/medcalc_dev.jsonl (MedCalc-Bench notes with corrected labels): for each note the facts
are extracted, the calculator named is computed from them, and the answer is compared with the tolerated range.
`N/A` asks for an abstention. Prints share right, share abstained, share wrong, by calculator.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from knowledge.factbook import Authority, FactBook, SourcedFact
from tools.notes.extract import extract
from tools.notes.tool import choose
from tools.risk.compute import estimate

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "notes" / "medcalc_dev.jsonl"
RESULTS = Path(__file__).resolve().parents[1] / "RESULTS-notes.md"

# Calculator of the benchmark -> (model, key of its output).
MODELS: dict[str, tuple[str, str]] = {
    "QTc Rautaharju Calculator": ("qtc_rautaharju", "qtc"),
    "QTc Bazett Calculator": ("qtc_bazett", "qtc"),
    "QTc Fridericia Calculator": ("qtc_fridericia", "qtc"),
    "QTc Hodges Calculator": ("qtc_hodges", "qtc"),
    "QTc Framingham Calculator": ("qtc_framingham", "qtc"),
    "Creatinine Clearance (Cockcroft-Gault Equation)": ("cockcroft_gault", "clearance_by_bmi"),
    "CHA2DS2-VASc Score for Atrial Fibrillation Stroke Risk": ("chads_vasc", "score"),
    "Mean Arterial Pressure (MAP)": ("mean_arterial_pressure", "map"),
    "Body Mass Index (BMI)": ("bmi", "bmi"),
    "Revised Cardiac Risk Index for Pre-Operative Risk": ("rcri", "score"),
    "Maintenance Fluids Calculations": ("maintenance_fluids", "rate"),
    "Charlson Comorbidity Index (CCI)": ("charlson", "score"),
    "Body Surface Area Calculator": ("bsa", "mosteller"),
    "Calcium Correction for Hypoalbuminemia": ("calcium_corrected", "calcium"),
    "Wells' Criteria for Pulmonary Embolism": ("wells_pe", "score"),
    "Serum Osmolality": ("osmolality", "osmolality"),
    "PERC Rule for Pulmonary Embolism": ("perc", "score"),
    "SIRS Criteria": ("sirs", "score"),
    "Albumin Corrected Delta Ratio": ("delta_ratio_albumin", "ratio"),
    "PSI Score: Pneumonia Severity Index for CAP": ("psi", "score"),
    "Glasgow Coma Score (GCS)": ("gcs", "score"),
    "Estimated Due Date": ("due_date", "due"),
    "Morphine Milligram Equivalents (MME) Calculator": ("morphine_equivalents", "mme"),
    "Estimated of Conception": ("due_date", "conception"),
    "Child-Pugh Score for Cirrhosis Mortality": ("child_pugh", "score"),
    "Sodium Correction for Hyperglycemia": ("sodium_corrected", "hillier"),
    "Glasgow-Blatchford Bleeding Score (GBS)": ("glasgow_blatchford", "score"),
    "FeverPAIN Score for Strep Pharyngitis": ("feverpain", "score"),
    "Anion Gap": ("anion_gap", "gap"),
    "CURB-65 Score for Pneumonia Severity": ("curb65", "score"),
    "Adjusted Body Weight": ("adjusted_weight", "weight"),
    "Delta Ratio": ("delta_ratio", "ratio"),
    "Albumin Corrected Anion Gap": ("anion_gap_albumin", "gap"),
    "Albumin Corrected Delta Gap": ("delta_gap_albumin", "delta"),
    "Sequential Organ Failure Assessment (SOFA) Score": ("sofa", "score"),
    "Steroid Conversion Calculator": ("steroid_conversion", "dose"),
    "Estimated Gestational Age": ("gestational_age", "days"),
    "CKD-EPI Equations for Glomerular Filtration Rate": ("ckd_epi_2021", "egfr"),
    "MDRD GFR Equation": ("mdrd", "egfr"),
    "Fibrosis-4 (FIB-4) Index for Liver Fibrosis": ("fib4", "index"),
    "Centor Score (Modified/McIsaac) for Strep Pharyngitis": ("centor", "score"),
    "MELD Na (UNOS/OPTN)": ("meld_na", "score"),
    "Free Water Deficit": ("free_water_deficit", "deficit"),
    "LDL Calculated": ("ldl_friedewald", "ldl"),
    "Delta Gap": ("delta_gap", "delta"),
    "APACHE II Score": ("apache2", "score"),
    "Ideal Body Weight": ("ideal_weight", "weight"),
    "Wells' Criteria for DVT": ("wells_dvt", "score"),
    "HEART Score for Major Cardiac Events": ("heart_score", "score"),
    "HAS-BLED Score for Major Bleeding Risk": ("has_bled", "score"),
    "HOMA-IR (Homeostatic Model Assessment for Insulin Resistance)": ("homa_ir", "index"),
    "Fractional Excretion of Sodium (FENa)": ("fena", "fena"),
    "Caprini Score for Venous Thromboembolism (2005)": ("caprini", "score"),
    "Target weight": ("target_weight", "weight"),
}


class Outcome(NamedTuple):
    """One note: the verdict (`right`, `abstained`, `wrong`), what was answered, and why not."""

    calculator: str
    identifier: str
    verdict: str
    answer: str | None
    expected: str
    reason: str


def facts_of(note: str, question: str) -> FactBook:
    """Facts of a note, and of what the question itself gives."""
    found = [*choose(extract(note), "admission"), *choose(extract(question), "admission")]
    return FactBook(SourcedFact(f.fact, f"{f.start}", Authority.NOTE) for f in found)


def answer_of(row: dict[str, Any]) -> tuple[str | None, str]:
    """What the built-in extractor and the model answer, or None and the reason."""
    name, key = MODELS[row["calculator"]]
    one = estimate(name, facts_of(row["note"], row["question"]))
    output = next((o for o in one.outputs if o.key == key), None)
    if output is None or (output.value is None and output.text is None):
        return None, "; ".join(p.text for p in one.problems)
    return output.text if output.kind == "date" else str(output.value), ""


def is_right(answer: str, row: dict[str, Any]) -> bool:
    """Whether an answer lies in the tolerated range (dates: is the date)."""
    if row["answer"] == "N/A":
        return False
    if "/" in row["answer"]:
        return dt.date.fromisoformat(answer) == dt.datetime.strptime(row["answer"], "%m/%d/%Y").date()
    return float(row["lower"]) - 1e-6 <= float(answer) <= float(row["upper"]) + 1e-6


def judge(row: dict[str, Any]) -> Outcome:
    """The outcome of one note."""
    answer, reason = answer_of(row)
    if answer is None:
        verdict = "right" if row["answer"] == "N/A" else "abstained"
    else:
        verdict = "right" if is_right(answer, row) else "wrong"
    return Outcome(row["calculator"], row["id"], verdict, answer, row["answer"], reason)


def table(outcomes: list[Outcome], seconds: float) -> str:
    """The results as Markdown."""
    by_calculator: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        by_calculator[outcome.calculator][outcome.verdict] += 1
    total = Counter(outcome.verdict for outcome in outcomes)
    asked = [o for o in outcomes if o.expected == "N/A"]
    lines = [
        "# Risk calculators answered from notes",
        "",
        f"{len(outcomes)} notes of MedCalc-Bench v1.0 (development share, corrected labels), built-in extractor and",
        "the published models of the registry; `python -m evals.benchmarks.notes`. The rules were written with these",
        "notes at hand, so the figure is not one on unseen notes.",
        "",
        f"- in the tolerated range, or rightly abstained: {total['right']} ({total['right'] / len(outcomes):.1%})",
        f"- abstained where an answer was wanted: {total['abstained']} ({total['abstained'] / len(outcomes):.1%})",
        f"- wrong: {total['wrong']} ({total['wrong'] / len(outcomes):.1%})",
        f"- abstentions that were asked for: {sum(o.verdict == 'right' for o in asked)} of {len(asked)}",
        f"- {seconds / len(outcomes) * 1000:.0f} ms a note on one core",
        "",
        "| calculator | right | abstained | wrong |",
        "|---|---|---|---|",
    ]
    ordered = sorted(by_calculator.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    lines += [f"| {name} | {c['right']} | {c['abstained']} | {c['wrong']} |" for name, c in ordered]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="Write every outcome to this file.")
    parser.add_argument("--table", type=Path, default=RESULTS, help="Where to write the table.")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    started = time.perf_counter()
    outcomes = [judge(row) for row in rows]
    shown = table(outcomes, time.perf_counter() - started)
    print(shown)
    arguments.table.write_text(shown, encoding="utf-8")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([o._asdict() for o in outcomes], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
