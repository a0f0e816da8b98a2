"""The tool `read_notes`: facts from the case's notes, each with the sentence part that says it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.factbook import Authority
from knowledge.facts import Fact, FactValue
from knowledge.units import written_unit
from tools.case import Note
from tools.evidence import Evidence, NoteSpan, Provenance, Record, ToolResult
from tools.intake.evidence import readable_number
from tools.notes.across import Read, Settled, reconcile
from tools.notes.finding import Finding
from tools.notes.spelling import misspellings
from tools.notes.untreated import assumed_untreated
from tools.notes.whose import IDENTITY, of_another
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "read_notes", "6"
Which = Literal["latest", "admission"]


class ReadNotesArguments(Arguments):
    """Which notes to read, and which of several values of the same measurement to use."""

    notes: tuple[str, ...] | None = Field(default=None, description="Handles such as note-1; all notes if left out.")
    values: Which = Field(
        default="latest",
        description="Where a note gives several values of one measurement: the latest, or the one on admission.",
    )


class NoteFact(Record):
    """One fact that was read, and the evidence for it."""

    fact: str
    value: FactValue
    unit: str | None = None
    at: dt.date | dt.datetime | None = None
    note: str
    quote: str
    evidence_id: str
    assumed: str | None = None


class Possibility(Record):
    """Something that a note names as possible, suspected or to be excluded: never used as a fact."""

    fact: str
    note: str
    quote: str


class ReadNotesPayload(Record):
    """What the notes say."""

    facts: tuple[NoteFact, ...] = ()
    possible: tuple[Possibility, ...] = ()
    notes_read: tuple[str, ...] = ()


def read_notes(context: ToolContext, arguments: ReadNotesArguments) -> ToolResult:
    """Read the notes of the case.

    Raises:
        ToolRetry: a handle that is not one of the case's notes.
        ToolFailed: the case has no notes.
    """
    from tools.notes.extract import extract

    notes = _chosen(context, arguments.notes)
    evidence: list[Evidence] = []
    facts: list[NoteFact] = []
    possible: dict[tuple[str, str], Possibility] = {}
    warnings: list[str] = []
    started = time.perf_counter()
    read: list[Read] = []
    strangers: dict[str, str] = {}
    for note in notes:
        context.progress(f"Reading {note.title}")
        found = extract(note.text, note.language, note.date)
        other = of_another(found, context.case.patient, note, context.case.as_of)
        if other is not None:
            strangers[note.handle] = f"{note.title} speaks of another person"
            found = [finding for finding in found if finding.fact.name in IDENTITY]
        read.append(Read(note, found))
    read, settled = reconcile(read, context.language)
    read = assumed_untreated(read, context.case)
    seconds = (time.perf_counter() - started) / max(1, len(notes))
    for note, found in read:
        for finding in choose(found, arguments.values):
            item = _evidence(note, finding, seconds)
            evidence.append(item)
            facts.append(_note_fact(note, finding, item.id))
        for finding in found:
            if finding.time == "hypothetical" and finding.experiencer == "patient":
                named = Possibility(fact=finding.fact.name, note=note.handle, quote=finding.quote)
                possible.setdefault((named.fact, note.handle), named)
        if misspelt := {f"“{item.written}” as “{item.meant}”": None for item in misspellings(note.text)}:
            warnings.append(f"In {note.title} these words were read otherwise than written: {', '.join(misspelt)}.")
        if not found:
            warnings.append(f"Nothing was found in {note.title}.")
    warnings += _cited(strangers, settled, evidence)
    payload = ReadNotesPayload(
        facts=tuple(facts), possible=tuple(possible.values()), notes_read=tuple(note.handle for note in notes)
    )
    return ToolResult(payload=payload, evidence=tuple(evidence), warnings=tuple(warnings))


def _cited(strangers: dict[str, str], settled: list[Settled], evidence: list[Evidence]) -> Iterator[str]:
    """Warnings on notes of others and on what is not used, each with the id of the evidence that says why."""
    for handle, text in strangers.items():
        held = (e for e in evidence if isinstance(e.locator, NoteSpan) and e.locator.handle == handle)
        told = next((f" ({e.id})" for e in held), "")
        yield f"{text}{told}: nothing else of it was used. Confirm whose it is."
    for text, fact in settled:
        told = next((f" ({e.id})" for e in evidence if _says(e, fact)), "")
        yield f"{text}{told}."


def _says(evidence: Evidence, fact: Fact) -> bool:
    return any(held.name == fact.name and held.value == fact.value for held in evidence.facts)


def _chosen(context: ToolContext, handles: tuple[str, ...] | None) -> list[Note]:
    if not context.case.notes:
        raise ToolFailed("read_notes needs a note, and this case has none.")
    known = {note.handle: note for note in context.case.notes}
    unknown = [handle for handle in handles or () if handle not in known]
    if unknown:
        raise ToolRetry(f"There is no note {unknown[0]!r}. The notes are: {', '.join(known)}.")
    return [known[handle] for handle in handles] if handles is not None else list(known.values())


def choose(findings: Iterable[Finding], values: Which) -> list[Finding]:
    """The findings that count as facts: each fact once, and of several values at one time the one asked for.

    Mentions that are hypothetical, of other people, or of an earlier time (`past`) are left out, and where the
    admission is asked for, states such as confusion that came later.
    """
    usable = [f for f in findings if f.usable and f.phase != "past"]
    if values == "latest":
        usable = [f for f in usable if f.phase != "baseline"]
    else:
        usable = [f for f in usable if not (f.phase == "later" and isinstance(f.fact.value, bool))]
    groups: dict[tuple[str, object, object], list[Finding]] = {}
    for finding in usable:
        measured = isinstance(finding.fact.value, int | float) and not isinstance(finding.fact.value, bool)
        key = (finding.fact.name, finding.fact.at, None if measured else finding.fact.value)
        groups.setdefault(key, []).append(finding)
    return [_pick(group, values) for group in groups.values()]


def _pick(group: list[Finding], values: Which) -> Finding:
    if values == "admission":
        order = {"admission": 0, "unspecified": 1, "before": 2, "later": 3, "baseline": 4}
        return min(group, key=lambda f: (order.get(f.phase, 4), f.start))
    later = [f for f in group if f.phase == "later"]
    here = [f for f in group if f.phase not in ("before", "baseline")]
    return max(later, key=lambda f: f.start) if later else (here or group)[-1]


def _evidence(note: Note, finding: Finding, seconds: float) -> Evidence:
    return Evidence(
        kind="note_span",
        claim=claim_of(finding, note.date),
        facts=(finding.fact,),
        locator=NoteSpan(handle=note.handle, start=finding.start, end=finding.end, quote=finding.quote),
        provenance=Provenance(
            tool=NAME, tool_version=VERSION, parameters={"language": note.language}, seconds=round(seconds, 3)
        ),
        authority=Authority.NOTE,
    )


def claim_of(finding: Finding, date: dt.date | None) -> str:
    """One plain sentence that says what the note says."""
    fact = finding.fact
    source = f"The note of {date}" if date is not None else "The note"
    label = fact.spec.label.get("en", fact.name)
    day = f" on {fact.at.isoformat()[:10]}" if fact.at is not None else ""
    assumed = f" ({finding.assumed})" if finding.assumed else ""
    if isinstance(fact.value, bool):
        return f"{source} {_boolean_words(fact, label)}{assumed}."
    if fact.spec.kind == "code":
        value = fact.spec.values[str(fact.value)].label.get("en", str(fact.value))
        return f"{source} gives the {label} as {value}{day}{assumed}."
    shown = readable_number(fact.value) if isinstance(fact.value, float) else str(fact.value)
    unit = "" if fact.unit in (None, "1") else f" {written_unit(fact.unit or '')}"
    return f"{source} gives the {label} as {shown}{unit}{day}{assumed}."


def _boolean_words(fact: Fact, label: str) -> str:
    if fact.name.startswith("medication."):
        return f"says that the patient {'takes' if fact.value else 'does not take'} {label}"
    if not fact.value and label.endswith(" positive"):
        return f"records {label.removesuffix('positive')}negative"
    return f"records {label}" if fact.value else f"records that there is no {label}"


def _note_fact(note: Note, finding: Finding, evidence_id: str) -> NoteFact:
    fact = finding.fact
    return NoteFact(
        fact=fact.name,
        value=fact.value,
        unit=fact.unit,
        at=fact.at,
        note=note.handle,
        quote=finding.quote,
        evidence_id=evidence_id,
        assumed=finding.assumed,
    )


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary=(
        "Read the patient's notes (English or Chinese) for age, sex, smoking, vital signs, laboratory values, "
        "conditions, drugs, allergies, family history, tumour type, stage, biomarkers and nodule size, each with "
        "the words that say it. Call it first whenever the case has notes."
    ),
    arguments=ReadNotesArguments,
    payload=ReadNotesPayload,
    run=read_notes,
    needs=frozenset(),
    slow=True,
)
