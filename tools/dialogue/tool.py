"""`record_statement`: facts that the physician states in the conversation become evidence of the highest authority."""

from __future__ import annotations

import hashlib

from pydantic import Field

from knowledge.errors import ToolRetry
from knowledge.factbook import Authority, FactBook
from knowledge.facts import Fact, vocabulary
from tools.dialogue.nodule import grown
from tools.dialogue.statements import facts_told, is_statement, sentences
from tools.evidence import Evidence, NoteSpan, Provenance, Record, ToolResult
from tools.language import spoken_language, without_order
from tools.notes.finding import Finding
from tools.registry import Arguments, ToolContext, ToolSpec

NAME, VERSION = "record_statement", "5"


class StatementArguments(Arguments):
    """The physician's own words, unchanged."""

    text: str = Field(min_length=1, max_length=4000, description="The physician's message, word for word.")


class StatementPayload(Record):
    """Names of the facts that were understood, in the order of the text."""

    facts: tuple[str, ...]


def run(context: ToolContext, arguments: StatementArguments) -> ToolResult:
    """Each fact in the text as evidence that quotes it.

    Raises:
        ToolRetry: the physician did not say this, or no fact was understood; the text says how to put it.
    """
    if not any(_stated(arguments.text, message) for message in context.spoken):
        raise ToolRetry(
            "The physician did not say this as a statement. Pass whole sentences of the physician's own, unchanged; a "
            "question, a supposition or a request is no statement."
        )
    handle = f"chat-{hashlib.sha256(arguments.text.encode()).hexdigest()[:10]}"
    evidence: dict[str, Evidence] = {}
    language = spoken_language(arguments.text, context.language)
    known = context.facts()
    of_lung = any(name.startswith("nodule.") for name in known.names())
    found = facts_told(arguments.text, language, known.value("tumour.type"), context.case.as_of, of_lung=of_lung)
    for item in [*found, *_reclassified(found, known), *grown(arguments.text, found, known)]:
        made = Evidence(
            kind="note_span",
            claim=f"The physician states: “{item.quote}”.",
            facts=(item.fact,),
            locator=NoteSpan(handle=handle, start=item.start, end=item.end, quote=item.quote),
            provenance=Provenance(tool=NAME, tool_version=VERSION),
            authority=Authority.PHYSICIAN,
        )
        evidence.setdefault(made.id, made)
    if not evidence:
        raise ToolRetry("No fact was understood in this message. Name the value with its unit, such as PD-L1 60 %.")
    context.artifacts.write(f"{handle}.txt", arguments.text.encode())
    facts = tuple(fact.name for item in evidence.values() for fact in item.facts)
    return ToolResult(payload=StatementPayload(facts=facts), evidence=tuple(evidence.values()))


def _reclassified(found: list[Finding], known: FactBook) -> list[Finding]:
    """What a variant of uncertain significance that is called pathogenic now says of its gene, where none is named."""
    gene = known.value("germline.uncertain_gene")
    name = f"germline.{gene}"
    if gene is None or name not in vocabulary() or any(item.fact.name == name for item in found):
        return []
    return [
        item.model_copy(update={"fact": Fact(name=name, value=True), "negated": False})
        for item in found
        if item.fact.name == "germline.uncertain_variant" and item.fact.value is False
    ]


def _stated(text: str, message: str) -> bool:
    """Whether `text` is whole sentences of the message, each of which states something.

    A part of a sentence will not do: what is quoted or pasted inside another sentence is not said by the physician.
    """
    said = {*sentences(message), *sentences(without_order(message))}
    parts = sentences(text)
    return bool(parts) and all(part in said and is_statement(part) for part in parts)


SPEC = ToolSpec(
    name=NAME,
    version=VERSION,
    summary="Records facts that the physician states in the conversation (an answer to a question, a correction), so "
    "that they count above every other source. Pass the physician's words unchanged; never facts of your own.",
    arguments=StatementArguments,
    payload=StatementPayload,
    run=run,
)
