"""What a weak model leaves undone is done in its place by the built-in one, and said.

Tools that the protocol calls for and the model did not call are called; a call that was answered already is answered
in a word; sentences that the verifier refuses after every try give way to the built-in model's in that section.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from agent.builtin.protocol import STAGES
from agent.builtin.reading import REPEATED
from agent.draft import Draft, Section, Statement, Verification
from tools.registry import get_tool

# Names of messages that the run's model did not write: calls and drafts made good, and answers after it had failed.
NAME, FALLBACK = "completed", "builtin"
MAX_ROUNDS = 8
STUCK_AFTER = 2  # answers that hold nothing but repeated calls
Call = dict[str, Any]


def as_script(messages: Sequence[AnyMessage]) -> list[AIMessage | Exception]:
    """What the run's model said, for a replay: an error stands where it failed. The rest makes itself again."""
    script: list[AIMessage | Exception] = []
    for message in messages:
        if not isinstance(message, AIMessage) or message.name == NAME:
            continue
        if message.name == FALLBACK:
            return [*script, ValueError("the model failed here")]
        script.append(message)
    return script


def recent(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """The messages after the newest question or request for a new draft."""
    asked = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage) and m.name in (None, "redraft")]
    return messages[asked[-1] + 1 :] if asked else messages


def repeated(calls: Sequence[Call], messages: Sequence[AnyMessage]) -> list[Call]:
    """Those of `calls` that were answered since the newest question, or that stand twice among `calls`.

    A tool whose answer depends on earlier evidence may be called again where another call was answered since.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for place, (call, answer) in enumerate(_answered(recent(messages))):
        if answer.status != "error":
            first.setdefault(_key(call), place)
            last[_key(call)] = place
    newest = max(first.values(), default=-1)
    found, seen = [], set[str]()
    for call in calls:
        key = _key(call)
        stale = key in last and get_tool(call["name"]).uses_ledger and last[key] < newest
        if key in seen or (key in last and not stale):
            found.append(call)
        seen.add(key)
    return found


def stuck(messages: Sequence[AnyMessage]) -> bool:
    """Whether the model's newest answers held nothing but calls that were answered before."""
    spoken = [m for m in recent(messages) if isinstance(m, AIMessage) and m.name is None][-STUCK_AFTER:]
    again = {m.tool_call_id for m in messages if isinstance(m, ToolMessage) and m.text == REPEATED}
    return len(spoken) == STUCK_AFTER and all(
        m.tool_calls and all(call["id"] in again for call in m.tool_calls) for m in spoken
    )


def open_calls(
    fallback: BaseChatModel, system: SystemMessage, messages: Sequence[AnyMessage], offered: list[dict[str, Any]]
) -> list[Call]:
    """The calls that the built-in model would make next and that nobody has made.

    A call that failed counts as not made unless it was made in the model's place; so does one whose answer could not
    yet rest on what tools of an earlier step found.
    """
    now = recent(messages)
    head = messages[: len(messages) - len(now)]
    stale = set(_stale(now))
    kept = [m for m in now if not (isinstance(m, ToolMessage) and m.tool_call_id in stale)]
    answer = fallback.bind_tools(offered).invoke([system, *head, *kept])
    return [dict(call) for call in answer.tool_calls]


def _stale(messages: Sequence[AnyMessage]) -> Iterator[str]:
    """Ids of the model's calls that do not count as made."""
    turns = {
        str(c["id"]): (t, m.name) for t, m in enumerate(messages) if isinstance(m, AIMessage) for c in m.tool_calls
    }
    made = [(call, answer, *turns[str(call["id"])]) for call, answer in _answered(messages)]
    for call, answer, turn, by in made:
        stage = STAGES.get(call["name"], 0)
        later = any(
            other.status != "error" and STAGES.get(c["name"], stage) < stage and turn <= t for c, other, t, _ in made
        )
        if by is None and (answer.status == "error" or (later and get_tool(call["name"]).uses_ledger)):
            yield str(call["id"])


def _answered(messages: Sequence[AnyMessage]) -> Iterator[tuple[Call, ToolMessage]]:
    """Each call with its answer, in the order of the answers."""
    calls = {str(c["id"]): dict(c) for m in messages if isinstance(m, AIMessage) for c in m.tool_calls}
    for message in messages:
        call = calls.get(message.tool_call_id) if isinstance(message, ToolMessage) else None
        if call and isinstance(message, ToolMessage) and message.text != REPEATED and message.name != "write_draft":
            yield call, message


def _key(call: Call) -> str:
    return json.dumps([call["name"], call["args"]], sort_keys=True, ensure_ascii=False)


def without_attempts(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The conversation without the drafts that were written since the newest question."""
    now = recent(messages)
    head = messages[: len(messages) - len(now)]
    written = {c["id"] for m in now if isinstance(m, AIMessage) for c in m.tool_calls if c["name"] == "write_draft"}
    kept = [
        m for m in now
        if not (isinstance(m, AIMessage) and any(c["id"] in written for c in m.tool_calls))
        and not (isinstance(m, ToolMessage) and m.tool_call_id in written)
    ]  # fmt: skip
    return [*head, *kept]


def merged(
    draft: Draft, verification: Verification, own: Draft, own_verification: Verification
) -> tuple[Draft, dict[Section, int]]:
    """The draft with refused statements replaced, and how many of each section were.

    In a section with refused statements the supported ones stay, and those of `own` that are supported and rest on
    other evidence join them. Where `own` has nothing for a section, what was refused stays and is shown as refused.
    """
    refused = {verdict.index for verdict in verification.unsupported}
    good = {verdict.index for verdict in own_verification.verdicts if verdict.status == "supported"}
    lost: dict[Section, int] = {}
    for index in refused:
        section = draft.statements[index].section
        lost[section] = lost.get(section, 0) + 1
    found: list[Statement] = []
    for section in dict.fromkeys(s.section for s in (*draft.statements, *own.statements)):
        mine = [(i, s) for i, s in draft.in_section(section)]
        kept = [s for i, s in mine if i not in refused]
        held = {frozenset(s.evidence) for s in kept if s.evidence} | {s.text for s in kept}
        joined = [
            s for i, s in own.in_section(section)
            if i in good and s.text not in held and frozenset(s.evidence) not in held
        ]  # fmt: skip
        if section not in lost:
            found += kept
        elif joined:
            found += [*kept, *joined]
        else:
            found += [s for _, s in mine]
            del lost[section]
    header = {"case_id": draft.case_id, "question": draft.question, "language": draft.language}
    return Draft.arrange(found, synthetic=draft.synthetic, **header), lost
