"""Facts read from realistic notes: `python -m evals.benchmarks.note_facts [FILE ...] [--failures]`.

`note_facts/*.yaml` hold notes as clinicians write them, with the facts that a physician reads in each, put down by
hand. A fact counts as found if its name and value (within 0.5 % after conversion of units) are among those that
`read_notes` takes from the note, or follow from them by the vocabulary. A fact that is read is right if it is expected,
follows from an expected one, or is listed under `also` (said by the note, but not asked for); every other one is wrong.
Prints and writes recall and precision by file and by family of facts.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evals.benchmarks.own_notes import as_fact
from knowledge.facts import Fact, vocabulary
from knowledge.yamlfile import load_yaml
from tools.notes.extract import extract
from tools.notes.tool import choose

FOLDER = Path(__file__).parent / "note_facts"
RESULTS = Path(__file__).resolve().parents[1] / "RESULTS-note-facts.md"
DATE = dt.date(2026, 9, 1)
_FAMILIES = {
    "person": ("patient.", "smoking.", "obstetric."),
    "vital signs": ("vital.", "resp."),
    "laboratory and ECG values": ("lab.", "ecg."),
    "conditions": ("condition.",),
    "symptoms": ("symptom.",),
    "findings and grades": ("finding.", "grade.", "judgement.", "heart.", "nodule."),
    "medications and doses": ("medication.", "dose."),
    "allergies": ("allergy.",),
    "family history": ("family_history.",),
    "procedures, tests, treatments": ("procedure.", "test.", "therapy."),
    "tumour and markers": ("tumour.", "biomarker.", "germline.", "variant.", "phenotype.", "hla."),
}


class Judged(NamedTuple):
    """One fact of one note. `said` is what stands there for a failure: expected or read, with the note's name."""

    file: str
    family: str
    kind: str
    right: bool
    said: str


def family_of(name: str) -> str:
    """The family of a fact by its prefix."""
    return next((family for family, prefixes in _FAMILIES.items() if name.startswith(prefixes)), "other")


def judged(path: Path) -> Iterator[Judged]:
    """Every expected fact (`asked`) and every fact that was read (`read`) of the notes of one file."""
    for row in load_yaml(path):
        wanted = [as_fact(name, value) for name, value in pairs(row.get("facts", {}))]
        also = dict(pairs(row.get("also", {})))
        found = [f.fact for f in choose(extract(row["note"], row.get("language", "en"), _date(row)), "latest")]
        said = _implied(found)
        for fact in wanted:
            right = any(_same(fact, other) for other in found) or (fact.value is True and fact.name in said)
            yield Judged(path.stem, family_of(fact.name), "asked", right, f"{row['id']}: missed {_shown(fact)}")
        allowed = [*wanted, *(as_fact(name, value) for name, value in also.items())]
        follows = _implied(allowed)
        for fact in found:
            right = any(_same(fact, other) for other in allowed) or (fact.value is True and fact.name in follows)
            yield Judged(path.stem, family_of(fact.name), "read", right, f"{row['id']}: wrongly read {_shown(fact)}")


def pairs(given: Any) -> list[tuple[str, Any]]:
    """Facts given as a mapping, or as a list of names that are true and mappings."""
    if isinstance(given, dict):
        return list(given.items())
    return [pair for item in given for pair in (item.items() if isinstance(item, dict) else [(item, True)])]


def _date(row: dict[str, Any]) -> dt.date:
    return dt.date.fromisoformat(str(row["date"])) if "date" in row else DATE


def _implied(facts: list[Fact]) -> set[str]:
    names = [fact.name for fact in facts if fact.value is True]
    reached: set[str] = set()
    while names:
        for broader in vocabulary()[names.pop()].implies:
            if broader not in reached:
                reached.add(broader)
                names.append(broader)
    return reached


def _same(one: Fact, other: Fact) -> bool:
    if one.name != other.name:
        return False
    a, b = one.canonical(), other.canonical()
    if isinstance(a, int | float) and isinstance(b, int | float) and not isinstance(a, bool):
        return abs(a - b) <= 0.005 * abs(a) + 1e-9
    return bool(a == b)


def _shown(fact: Fact) -> str:
    return f"{fact.name} = {fact.value} {fact.unit or ''}".strip()


def table(done: list[Judged], notes: Counter[str], first: str) -> str:
    """The results as Markdown; `first` tells of the first readings."""
    lines = [
        "# Facts read from notes",
        "",
        "Realistic notes with the facts that a physician reads in them, put down before the reader saw them;",
        "`python -m evals.benchmarks.note_facts`. The tables are of the reader after mending on these notes; how it",
        "fared when it first saw them is told below.",
        "",
        *first.strip().splitlines(),
    ]
    for title in ("file", "family"):
        groups: dict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
        for one in done:
            groups[one.file if title == "file" else one.family][one.kind, one.right] += 1
        lines += ["", f"| {title} | recall | precision |", "|---|---|---|"]
        lines += [f"| {name}{_count(notes, name)} | {_cells(count)} |" for name, count in sorted(groups.items())]
    total = Counter((one.kind, one.right) for one in done)
    lines.append(f"| all ({notes.total()} notes) | {_cells(total)} |")
    return "\n".join(lines) + "\n"


def _count(notes: Counter[str], name: str) -> str:
    return f" ({notes[name]} notes)" if name in notes else ""


def _cells(count: Counter[tuple[str, bool]]) -> str:
    cells = []
    for kind in ("asked", "read"):
        right, some = count[kind, True], count[kind, True] + count[kind, False]
        cells.append(f"{right} of {some} ({100 * right / some:.1f} %)" if some else "none")
    return " | ".join(cells)


def main() -> None:
    """Read the notes, print failures on request, and write the table where all files were read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="Names of files of note_facts/ without .yaml; all if left out.")
    parser.add_argument("--failures", action="store_true", help="Print each missed and each wrongly read fact.")
    options = parser.parse_args()
    paths = [FOLDER / f"{name}.yaml" for name in options.files] or sorted(FOLDER.glob("[!_]*.yaml"))
    done = [one for path in paths for one in judged(path)]
    if options.failures:
        print("\n".join(one.said for one in done if not one.right))
    notes = Counter({path.stem: len(load_yaml(path)) for path in paths})
    shown = table(done, notes, (FOLDER / "first_readings.md").read_text(encoding="utf-8"))
    print(shown)
    if not options.files:
        RESULTS.write_text(shown, encoding="utf-8")


if __name__ == "__main__":
    main()
