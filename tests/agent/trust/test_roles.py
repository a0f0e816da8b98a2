"""Researchers get nothing that tells who a patient is, administrators nothing of any patient, whatever they ask for."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from agent.casefiles import scope_of
from agent.server.deidentified import View
from agent.trust.policy import ROUTES
from tests.agent.conftest import calls, nodule_id, writes
from tests.agent.server.conftest import READY
from tests.agent.trust.conftest import Hospital
from tests.agent.trust.test_policy import _body, _path

Made = Callable[..., Hospital]
PLANTED = (
    "Greenfield", "Ottoline", "MRN-48213377", "T-4821337", "0151 496 0734", "ottoline.g@example.org", "12 March 1931",
    "2026-09-14", "14 Alder Lane", "GREENFIELD_CT", "王秀英", "94-year-old", "94 years",
)  # fmt: skip
NOTE = """Date: 2026-09-14

Patient: Mrs Ottoline Greenfield, MRN-48213377, born 12 March 1931, a 94-year-old woman of 14 Alder Lane, Liverpool.
Phone 0151 496 0734, e-mail ottoline.g@example.org. Seen by Dr Greenfield. She has hypertension and a cough.
患者姓名：王秀英，女。
"""
FILES = {
    "case.yaml": b"""
format: consilium-case/1
patient: {id: T-4821337, age_years: 94, sex: female}
question: How large is the nodule of Mrs Ottoline Greenfield?
conditions: [{condition: hypertension, since: 2026-09-14}]
observations: [{fact: lab.creatinine, value: 1.4, unit: mg/dL, at: 2026-09-14}]
""",
    "notes/GREENFIELD_CT.md": NOTE.encode(),
}
CLINICAL = (*PLANTED, "nodule", "hypertension", "creatinine", "14 mm")


def told(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
    """A draft that says whom it is about."""
    return writes("Mrs Greenfield (T-4821337), 94 years, has a nodule of 14 mm.", nodule_id(messages))


SCRIPT = (calls("measure"), READY, told) * 2


@pytest.fixture
def asked(hospital: Made) -> Callable[[str], dict[tuple[str, str], str]]:
    """The answers to every route of the table for one person, on the case with the planted identifiers."""

    def ask(who: str) -> dict[tuple[str, str], str]:
        made = hospital(FILES, SCRIPT)
        made.access.teams.break_glass(scope_of(made.own_case), _otto(made), "A reason of Mrs Greenfield")
        evidence = made.access.store.evidence(made.own_run)
        found = {}
        for method, template in ROUTES:
            for item in [*evidence, "ev-0"] if "{evidence_id}" in template else [""]:
                path = _path(made, template, own=True).replace("ev-0", item)
                answer = made.as_(who, method, path, json=_body(made, template, own=True))
                found[method, path] = answer.text + str(answer.headers)
        return found

    return ask


def _otto(made: Hospital) -> object:
    from agent.trust.identity import Actor

    return Actor(user="otto", role="physician", name="Dr Otto", means="password")


def test_a_physician_sees_what_was_planted(asked: Callable[[str], dict[tuple[str, str], str]]) -> None:
    everything = "\n".join(asked("pia").values())
    assert [text for text in PLANTED if text not in everything] == []


@pytest.mark.hazard("HAZ-19")
def test_an_administrator_never_gets_clinical_content(asked: Callable[[str], dict[tuple[str, str], str]]) -> None:
    for place, answer in asked("adam").items():
        if place != ("GET", "/api/openapi.json"):
            assert [text for text in CLINICAL if text in answer] == [], place


@pytest.mark.hazard("HAZ-19")
def test_a_researcher_never_gets_an_identifier(asked: Callable[[str], dict[tuple[str, str], str]]) -> None:
    answers = asked("sam")
    for place, answer in answers.items():
        assert [text for text in PLANTED if text in answer] == [], place
    whole = "\n".join(answers.values())
    for kept in ("hypertension", "14 mm", "female", "1.4", "[PERSON-1]", "[ID-1]"):
        assert kept in whole, kept


def test_what_a_researcher_sees_fits_together(hospital: Made) -> None:
    made = hospital(FILES, SCRIPT)
    runs = made.as_("sam", "GET", "/api/runs").json()
    assert [run["id"] for run in runs] == [made.own_run]
    assert runs[0]["patient"] == {"id": "[ID-1]", "age_years": 90, "sex": "female"}
    note = made.as_("sam", "GET", f"/api/runs/{made.own_run}/notes/note-1").json()
    draft = made.as_("sam", "GET", f"/api/runs/{made.own_run}/draft").json()
    assert draft["question"] == "How large is the nodule of Mrs [PERSON-1]?"
    assert note["title"] == "note-1"
    evidence = made.as_("sam", "GET", f"/api/runs/{made.own_run}/evidence").json()
    days = {fact["at"] for item in evidence for fact in item["facts"] if fact["at"]}
    assert note["date"] in days, "dates move by the same weeks everywhere"


def test_a_number_by_itself_is_not_taken_for_a_hash(hospital: Made) -> None:
    made = hospital(FILES, SCRIPT)
    view = View(made.access.store.case(made.own_run), b"k" * 32)
    told = {"value": "447911123456", "case_id": made.own_case, "hash": "0123456789ab" * 4}
    assert view.of(told) == told | {"value": "[PHONE-2]"}


def test_a_note_that_cannot_be_judged_is_not_shown_to_a_researcher(hospital: Made) -> None:
    russian = ("Пациентка поступила с жалобами на кашель и боль в груди. " * 20).encode()
    made = hospital(FILES | {"notes/b.md": russian}, SCRIPT)
    url = f"/api/runs/{made.own_run}/notes/note-1"
    texts = [made.as_("sam", "GET", url.replace("note-1", f"note-{n}")) for n in (1, 2)]
    assert sorted(answer.status_code for answer in texts) == [200, 409]
    assert "Пациентка" not in "".join(json.dumps(answer.json(), ensure_ascii=False) for answer in texts)
