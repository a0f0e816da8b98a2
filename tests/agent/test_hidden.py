"""A model that is not on this machine never sees who the patient is; the physician does."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agent.asking import ModelFailed, ask
from agent.hidden import HidingModel, on_this_machine
from agent.scripted import ScriptedModel

TOOL = {"type": "function", "function": {"name": "write_draft", "description": "", "parameters": {"type": "object"}}}
SYSTEM = (
    "You help a physician.\n"
    '{"patient": {"id": "P1", "age_years": 94.0}, "evidence": [{"id": "e1", "claim": "Dr. Luis Ortega saw her on '
    '2026-10-01.", "facts": {"patient.age": "94 a"}}]}'
)


def _said() -> list[Any]:
    return [
        SystemMessage(SYSTEM),
        HumanMessage("Can Anna Quillfeather (MRN: 8891234) have osimertinib?"),
        AIMessage("", tool_calls=[{"name": "search", "args": {"text": "Quillfeather"}, "id": "1"}]),
        ToolMessage('{"note": "Tel 217-555-0143"}', tool_call_id="1"),
    ]


def _echo(messages: list[Any], offered: frozenset[str]) -> AIMessage:
    """Answers with what it was sent, as a call."""
    text = "\n".join(str(message.content) for message in messages)
    return AIMessage("", tool_calls=[{"name": "write_draft", "args": {"text": text}, "id": "2"}])


@pytest.mark.parametrize("listened", [False, True])
@pytest.mark.hazard("HAZ-17")
def test_stand_ins_go_out_and_originals_come_back(listened: bool) -> None:
    inner = ScriptedModel(script=[_echo])
    model = HidingModel(inner=inner).bind_tools([TOOL])
    if listened:
        pieces = list(model.stream(_said()))
        whole = pieces[0]
        for piece in pieces[1:]:
            whole = whole + piece
        answer: Any = whole
    else:
        answer = ask(model, _said(), frozenset({"write_draft"}))
    sent = "\n".join(f"{message.content} {getattr(message, 'tool_calls', '')}" for message in inner.heard[0])
    for secret in ("Quillfeather", "8891234", "Ortega", "2026-10-01", "555-0143", "94"):
        assert secret not in sent
    back = answer.tool_calls[0]["args"]["text"]
    for original in ("Anna Quillfeather", "8891234", "Luis Ortega", "2026-10-01", "217-555-0143"):
        assert original in back


def test_ages_over_89_of_relatives_go_out_as_one_category() -> None:
    inner = ScriptedModel(script=[AIMessage("fine")])
    line = '{"evidence": [{"id": "e1", "facts": {"record.age_at_onset": "93 a", "lesion.diameter": "94 mm"}}], '
    line += '"family": [{"age_at_onset_years": 96}]}'
    HidingModel(inner=inner).invoke([HumanMessage(line)])
    sent = str(inner.heard[0][0].content)
    assert sent == line.replace("93 a", "90+ a").replace("96", '"90+"')


def test_what_is_not_text_is_not_sent() -> None:
    inner = ScriptedModel(script=[AIMessage("fine")])
    picture = HumanMessage([{"type": "image_url", "image_url": {"url": "data:"}}])
    with pytest.raises(ModelFailed, match="not sent"):
        HidingModel(inner=inner).invoke([picture])
    assert inner.heard == []


@pytest.mark.hazard("HAZ-17")
def test_a_text_that_cannot_be_judged_is_not_sent() -> None:
    inner = ScriptedModel(script=[AIMessage("fine")])
    with pytest.raises(ModelFailed, match="not sent"):
        HidingModel(inner=inner).invoke([HumanMessage("Пациентка 66 лет, жалобы на кашель и одышку. " * 20)])
    assert inner.heard == []


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://gpu-7:8000/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_only_a_loopback_address_is_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(url) is here
