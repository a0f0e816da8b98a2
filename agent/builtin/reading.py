"""What the built-in model understands from the messages: the case, what the tools answered, what is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from knowledge.facts import vocabulary
from tools.case import Language

# Arguments with which a call does not speak of the whole patient as she is.
_PARTIAL = {
    "predict_risk": ("overrides", "models"),
    "match_recommendations": ("drugs", "tests", "topics", "diseases"),
}
# What a call is answered that was answered before.
REPEATED = "This call was answered above. Call another tool, or say READY."


@dataclass(frozen=True)
class Seen:
    """One piece of evidence as the model sees it. `at` is the day (ISO 8601) of a scan or note, where it is known."""

    id: str
    kind: str
    claim: str
    facts: dict[str, str | bool | int] = field(default_factory=dict)
    tool: str = "case"
    at: str = ""


@dataclass(frozen=True)
class Answered:
    """One tool call and its answer. `error` is set where the tool did not answer."""

    tool: str
    arguments: dict[str, Any]
    evidence: tuple[str, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Situation:
    """The conversation so far.

    `since_question` counts the calls answered since the newest question; `unsupported` are the indices that the
    verifier did not accept in the newest draft or answer, and `previous` its statements; `draft` holds those of the
    newest draft. `redraft` is set when the draft is to be written again with what the physician added. `spoken` holds
    every message of the physician; `replied`, while the draft is written again, the answer to the newest one.
    """

    language: Language
    case: dict[str, Any]
    evidence: dict[str, Seen]
    answered: tuple[Answered, ...]
    recent: tuple[Answered, ...]
    question: str
    follow_up: str | None
    redraft: bool = False
    spoken: tuple[str, ...] = ()
    unsupported: frozenset[int] = frozenset()
    previous: tuple[dict[str, Any], ...] = ()
    draft: tuple[dict[str, Any], ...] = ()
    replied: tuple[dict[str, Any], ...] = ()

    def tools_called(self, recent: bool = False) -> set[str]:
        """Names of the tools that were called (since the newest question)."""
        return {item.tool for item in (self.recent if recent else self.answered)}

    def of_kind(self, *kinds: str) -> list[Seen]:
        """Evidence of these kinds, in order."""
        return [item for item in self.evidence.values() if item.kind in kinds]

    def with_fact(self, prefix: str) -> list[tuple[Seen, str, str | bool | int]]:
        """Every (evidence, fact name, value) whose name starts with `prefix`; of what the physician stated in the
        conversation, the last statement alone."""
        found = [
            (item, name, value)
            for item in self.evidence.values()
            for name, value in item.facts.items()
            if name.startswith(prefix)
        ]
        stated = {name: (item, name, value) for item, name, value in found if item.tool == "record_statement"}
        return [entry for entry in found if entry[1] not in stated or entry == stated[entry[1]]]

    @property
    def tumour(self) -> str | None:
        """The type of the patient's tumour, if one is known."""
        found = self.types
        return str(found[0][2]) if found else None

    @property
    def types(self) -> list[tuple[Seen, str, str | bool | int]]:
        """Every tumour type that evidence gives; a narrower one stands before the first that holds it."""
        found, above = self.with_fact("tumour.type"), vocabulary()["tumour.type"].code_ancestors
        for place, entry in enumerate(found):
            if entry[2] != found[0][2] and str(found[0][2]) in above(str(entry[2])):
                return [entry, *found[:place], *found[place + 1 :]]
        return found

    def latest(self, tool: str) -> Answered | None:
        """The newest whole answer of a tool about the patient as she is; suppositions and looks at a part of the models
        or recommendations are left out."""
        partial = _PARTIAL.get(tool, ())
        found = [i for i in self.answered if i.tool == tool and not i.error and not any(map(i.arguments.get, partial))]
        return found[-1] if found else None

    def newest(self) -> list[Answered]:
        """The newest answer of each call, told apart by tool and arguments."""
        return list({(item.tool, str(sorted(item.arguments.items()))): item for item in self.answered}.values())

    def current(self, tool: str) -> list[Seen]:
        """The evidence of that newest answer, in order."""
        answer = self.latest(tool)
        return [self.evidence[item] for item in answer.evidence] if answer else []


def newest_first(items: Iterable[Seen]) -> list[Seen]:
    """By day, the undated last; those of one day in their order."""
    return sorted(items, key=lambda item: item.at, reverse=True)


def lung_lesions(situation: Situation) -> list[Seen]:
    """The outlined lesions that lie in a lung."""
    return [seen for seen, _, organ in situation.with_fact("lesion.organ") if organ == "lung"]


def read(messages: Sequence[BaseMessage]) -> Situation:
    """The situation that `messages` describe."""
    language, case = _system(messages)
    evidence = {item["id"]: Seen(**item) for item in case.get("evidence", [])}
    answered: list[Answered] = []
    recent: list[Answered] = []
    questions: list[str] = []
    spoken: list[str] = []
    previous: tuple[dict[str, Any], ...] = ()
    draft: tuple[dict[str, Any], ...] = ()
    replied: tuple[dict[str, Any], ...] = ()
    unsupported: frozenset[int] = frozenset()
    calls: dict[str, dict[str, Any]] = {}
    redraft = False
    for message in messages:
        if isinstance(message, HumanMessage) and message.name in (None, "redraft"):
            questions.append(str(message.text))
            spoken += [] if message.name else [str(message.text)]
            recent, redraft = [], message.name == "redraft"
            replied = previous if redraft else ()
        elif isinstance(message, AIMessage):
            calls.update({str(call["id"]): dict(call) for call in message.tool_calls})
            for call in message.tool_calls:
                if call["name"] == "write_draft":
                    previous = tuple(call["args"].get("statements", ()))
                    draft = previous if redraft or len(questions) < 2 else draft
        elif isinstance(message, ToolMessage) and message.name == "write_draft":
            unsupported = frozenset(int(i) for i in re.findall(r"^- statement (\d+) ", message.text, re.MULTILINE))
        elif isinstance(message, ToolMessage) and message.text != REPEATED:
            item = _answer(message, calls.get(message.tool_call_id, {}), evidence)
            answered.append(item)
            recent.append(item)
    return Situation(
        language=language,
        case=case,
        evidence=evidence,
        answered=tuple(answered),
        recent=tuple(recent),
        question=questions[0] if questions else "",
        follow_up=questions[-1] if len(questions) > 1 and not redraft else None,
        redraft=redraft,
        spoken=tuple(spoken),
        unsupported=unsupported,
        previous=previous,
        draft=draft,
        replied=replied,
    )


def _system(messages: Sequence[BaseMessage]) -> tuple[Language, dict[str, Any]]:
    text = next((m.text for m in messages if isinstance(m, SystemMessage)), "")
    start = text.find("\n{")
    language: Language = "zh" if "language `zh`" in text else "en"
    try:
        case = json.loads(text[start:]) if start >= 0 else {}
    except json.JSONDecodeError:
        case = {}
    return language, case


def _answer(message: ToolMessage, call: dict[str, Any], evidence: dict[str, Seen]) -> Answered:
    name, arguments = str(message.name), dict(call.get("args", {}))
    if message.status == "error":
        return Answered(name, arguments, error=message.text)
    try:
        body = json.loads(message.text)
        found = [Seen(**item, tool=name) for item in body.get("evidence", [])]
        payload, warnings = dict(body.get("payload", {})), tuple(map(str, body.get("warnings", [])))
    except (ValueError, TypeError, AttributeError):
        return Answered(name, arguments, error="the answer cannot be read")
    for item in found:
        evidence.setdefault(item.id, item)
    return Answered(name, arguments, tuple(item.id for item in found), payload, warnings)
