"""Planted identifiers go through every reader of notes and every kind of answer, and turn up nowhere else."""

from __future__ import annotations

import importlib
import json
import logging
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from agent.cli import main
from agent.server import create_app
from agent.service import Consilium
from knowledge.errors import BadInput, ConsiliumError
from knowledge.paths import ROOT
from tests.agent.conftest import Counter, calls, counter, scripted  # noqa: F401
from tests.agent.server.conftest import ORIGIN, READY, at_rest, measured, opened  # noqa: F401
from tests.security.canaries import (
    ALL,
    CASE,
    CONTENT,
    FILE,
    NAME,
    NUMBER,
    QUESTION,
    SAID,
    ProcessWatch,
    found_in,
    found_under,
    good_files,
)
from tests.security.test_canaries import _raise, places, spans, upload  # noqa: F401

Opened = Callable[..., TestClient]
CHINESE = "欧阳金丝雀"
NOTES = {
    "visit": f"""Date: 2026-09-14

Patient: {NAME}, MRN {NUMBER}. {NAME} is a 66-year-old woman, former smoker, 30 pack-years, quit 2019.
{NAME} was found to have metastatic lung adenocarcinoma, cT2bN2M1a, stage IVA; EGFR L858R detected, ALK negative.
{NAME} has not been treated so far; no systemic therapy was given to {NAME}. PD-L1 TPS 60 %. ECOG 1.
CT of {NAME}: an 8-mm node in the right lower lobe, 32x21 mm mass in the right upper lobe, unchanged since {NUMBER}.
Her sister {NAME} had breast cancer at 41; BRCA1 in the family of {NAME}. Father: heart attack at 50.
BP 152/94 mmHg, pulse 88/min, temperature 38.4 C, weight 71 kg. Creatinine 1.4 mg/dL, LDL 4.1 mmol/L, HbA1c 7.9 %.
{NAME} takes clopidogrel 75 mg and apixaban 5 mg twice daily. Allergic to penicillin (rash), told by {NAME}.
""",
    "letter": f"""Chest pain of {NAME} for two hours, left-sided, radiating to the arm of {NAME}. LVEF 35 %.
Deep vein thrombosis 2021 ({NUMBER}). Liver: segment VI lesion 2.4 cm, arterial enhancement, washout. AFP 420 ng/mL.
Thyroid nodule of {NAME}, 1.8 cm, TI-RADS 5. Renal mass 3.1 cm. {NAME} declines germline testing.
""",
    "chinese": f"""姓名：{CHINESE}。病历号 {NUMBER}。患者{CHINESE}，女，66岁，吸烟30年，已戒。
{CHINESE}未接受任何抗肿瘤治疗。
右肺上叶肿块 3.2×2.1cm，EGFR L858R 突变。{CHINESE}的母亲患乳腺癌。血压 150/90mmHg。
""",
}
QUESTIONS = (
    "Why, and what would change if {name} was 80 and had no allergy?", "Is amiodarone safe with it for {name}?",
    "{name} also has diabetes; creatinine of {name} is now 2.1 mg/dL. What changes?", "Stage of {name}?",
    "How large is the nodule of {name}, and does the sister of {name} need a test?",
    "{chinese}有哪些治疗选择？为什么？",
)  # fmt: skip


def rich_files() -> dict[str, bytes]:
    """A case whose notes give every reader something, full of canaries."""
    return good_files() | {f"notes/{FILE}-{name}.md": text.encode() for name, text in NOTES.items()}


@pytest.fixture
def whole(places: Path) -> Iterator[TestClient]:  # noqa: F811
    """The service with all its tools and the built-in model."""
    app = create_app(Consilium(places / "runs"))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        client.get("/login", params={"token": app.state.sessions.link_token}, follow_redirects=False)
        client.headers.update(ORIGIN | {"X-CSRF-Token": client.cookies["consilium_csrf"]})
        yield client


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(caplog.handler.formatter.format(record) for record in caplog.records)  # type: ignore[union-attr]


@pytest.mark.hazard("HAZ-26")
def test_what_the_readers_of_notes_and_the_answers_handle_turns_up_nowhere(
    whole: TestClient,
    places: Path,  # noqa: F811
    spans: InMemorySpanExporter,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    client = whole
    with ProcessWatch() as processes:
        asked = {"case": upload(client, rich_files()), "question": f"{QUESTION} {NAME}: what now?"}
        run_id = str(client.post("/api/runs", json=asked).json()["id"])
        at_rest(client, run_id, 240)
        for question in QUESTIONS:
            text = f"{question.format(name=NAME, chinese=CHINESE)} ({SAID})"
            assert client.post(f"/api/runs/{run_id}/ask", json={"question": text}).status_code == 202
            at_rest(client, run_id, 240)
        turns = client.get(f"/api/runs/{run_id}").json()["turns"]
        assert [turn["state"] for turn in turns] == ["done"] * len(QUESTIONS)
        ledger = client.get(f"/api/runs/{run_id}/evidence").json()
        facts = {fact["name"] for item in ledger for fact in item["facts"]}
        ids = [item["id"] for item in ledger if item["kind"] == "recommendation"]
        assert len(ids) > 8
        answers = [client.get(f"/api/runs/{run_id}/evidence/{one}/nearest") for one in (*ids[:8], NUMBER)]
        answers += [client.get(f"/api/runs/{run_id}/{path}") for path in ("draft", "questions", "report.html", "audit")]
        stream = {"model": run_id, "stream": True, "messages": [{"role": "user", "content": f"{SAID} {NAME}: why?"}]}
        answers.append(client.post("/v1/chat/completions", json=stream))
        at_rest(client, run_id, 240)
    assert {answer.status_code for answer in answers} == {200, 404}
    assert {"tumour.type", "smoking.pack_years"} <= facts, "the notes were read"
    printed = capfd.readouterr()
    canaries = (*ALL, CHINESE)
    assert processes.found == set()
    assert found_in(logged(caplog), canaries) == []
    assert found_in(printed.out + printed.err, canaries) == []
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "execute_tool" in told
    assert found_in(told, (*canaries, json.dumps(CHINESE)[1:-1])) == []
    assert found_in(client.get(f"/api/runs/{run_id}/audit").text, canaries) == []
    assert found_under(places) == []
    assert [path for path in places.rglob("*") if path.is_file() and CHINESE.encode() in path.read_bytes()] == []


def _all_errors() -> list[type[ConsiliumError]]:
    """Every deliberate error of the program."""
    for path in sorted(one for room in ("agent", "knowledge", "tools") for one in (ROOT / room).rglob("*.py")):
        if re.search(r"^class \w+\((?:ToolFailed|ToolRetry|ConsiliumError|BadInput)\b", path.read_text("utf-8"), re.M):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))

    def below(kind: type[ConsiliumError]) -> Iterator[type[ConsiliumError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    return sorted(set(below(ConsiliumError)), key=lambda kind: kind.__name__)


class _Field(BaseModel):
    age: int


def _made(kind: type[ConsiliumError]) -> ConsiliumError:
    """An error of that kind, with canaries wherever it takes text."""
    told = f"{NAME} {NUMBER} {SAID}"
    if issubclass(kind, BadInput):
        return kind(FILE, told, told, told)
    try:
        return kind(told)
    except TypeError:
        return kind()


def _bugs() -> dict[str, BaseException]:
    """Errors that nobody raises on purpose, as libraries raise them: each quotes its input."""
    told = f"{NAME} {NUMBER} {SAID}"
    try:
        _Field.model_validate({"age": told})
    except ValueError as error:
        invalid: BaseException = error
    chained = RuntimeError(told)
    chained.__cause__ = KeyError(told)
    return {
        "key": KeyError(told), "value": ValueError(told), "runtime": chained, "memory": MemoryError(told),
        "recursion": RecursionError(told), "assertion": AssertionError(told), "timeout": TimeoutError(told),
        "os": OSError(2, told, told), "disk": OSError(28, told, told), "locked": sqlite3.OperationalError(told),
        "database": sqlite3.DatabaseError(told), "json": json.JSONDecodeError(told, told, 0), "pydantic": invalid,
        "decode": UnicodeDecodeError("utf-8", told.encode(), 0, 1, told),
        "process": subprocess.CalledProcessError(1, [told], told, told),
        "group": ExceptionGroup(told, [ValueError(told)]), "noted": _noted(told),
    }  # fmt: skip


def _noted(told: str) -> ValueError:
    error = ValueError(told)
    error.add_note(told)
    return error


ERRORS: dict[str, BaseException] = {kind.__name__: _made(kind) for kind in _all_errors()} | _bugs()


def test_every_kind_of_deliberate_error_is_known_here() -> None:
    assert {"Refused", "LoginDenied", "AuditUnavailable", "KeyMissing", "NotSealed", "Shredded"} <= set(ERRORS)
    assert sum(NAME in repr(error) for error in ERRORS.values()) > 20


@pytest.mark.hazard("HAZ-26")
@pytest.mark.parametrize("name", sorted(ERRORS))
def test_no_error_of_a_tool_a_model_or_a_route_is_logged_traced_or_recorded_with_its_text(
    name: str,
    opened: Opened,  # noqa: F811
    counter: Counter,  # noqa: F811
    places: Path,  # noqa: F811
    spans: InMemorySpanExporter,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    error = ERRORS[name]
    client = opened(calls("refuse"), READY, measured, error, error, error, error)
    monkeypatch.setattr(Counter, "refuse", _raise(error))  # type: ignore[arg-type]
    run_id = str(client.post("/api/runs", json={"case": upload(client, good_files())}).json()["id"])
    at_rest(client, run_id)
    note = client.get(f"/api/runs/{run_id}").json()["run"]["note"]
    for place in ("agent.server.runs.note_heads", "agent.server.review.draft_view", "agent.server.cases.read_case"):
        monkeypatch.setattr(place, _raise(error))  # type: ignore[arg-type]
    case_id = upload(client, good_files())
    answers = [client.get(f"/api/runs/{run_id}"), client.get(f"/api/cases/{case_id}")]
    if not isinstance(error, ConsiliumError):
        assert {answer.status_code for answer in answers} <= {500, 503}
        assert found_in("".join(answer.text for answer in answers)) == []
    assert found_in(note) == []
    assert found_in(logged(caplog)) == []
    printed = capfd.readouterr()
    assert found_in(printed.out + printed.err) == []
    assert found_in("".join(span.to_json() for span in spans.get_finished_spans())) == []
    assert found_under(places) == []
    record = client.app.state.office.consilium.audit  # type: ignore[attr-defined]
    assert found_in("".join(row.body for row in record.entries())) == []


WRONG = f"{NAME} {NUMBER}"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("compare", "{json}", "{json}"), ("compare", "{text}", "{json}"), ("compare", "{json}", "{json}", "--nodes", WRONG),
    ("run", "{folder}", "--question", WRONG, "--model", WRONG), ("variants", "{text}", "--assembly", "GRCh38"),
    ("pgx", "{text}", "--assembly", "GRCh38"), ("protein", "{text}"), ("segment", "{text}", "--out", "{out}"),
    ("deidentify", "{text}"), ("deidentify", "{case}"), ("biomarkers", "{text}"), ("risk", WRONG), ("genes", WRONG),
    ("missense", "{text}"), ("acmg", "{text}"), ("tools", WRONG), ("trace", NUMBER), ("replay", NUMBER),
    ("export", NUMBER), ("erase", NUMBER), ("review", NUMBER, "--decisions", "{json}", "--reviewer", "A"),
    ("audit", "verify", "--file", "{json}"), ("audit", "export", "--case", NUMBER), ("audit", "show", "--case", NUMBER),
    ("keys", "show"), ("knowledge", "search", WRONG), ("accounts", "add", NUMBER, "--role", "physician", "--stdin"),
    ("accounts", "team", NUMBER, "--add", NUMBER), ("runs", "--resume", NUMBER), ("report", NUMBER),
)  # fmt: skip


@pytest.mark.hazard("HAZ-26")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_wrong_input_of_any_command_is_not_quoted_from_its_files_and_leaves_nothing(
    command: tuple[str, ...],
    places: Path,  # noqa: F811
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    work = tmp_path.parent / f"{tmp_path.name}-work"
    work.mkdir()
    monkeypatch.chdir(work)
    inside = f"{NAME} {SAID}"
    files = {
        "text": f"{inside}\n{inside}\t{inside}\n",
        "json": json.dumps({"lesions": [{"report": inside}], inside: inside}),
        "case": CASE.replace("66", f'"{inside}"'),
    }
    paths = {name: work / f"{FILE}-{name}.{'yaml' if name == 'case' else name}" for name in files}
    for name, text in files.items():
        paths[name].write_text(text, encoding="utf-8")
    folder = work / f"{FILE}-folder"
    folder.mkdir()
    (folder / "case.yaml").write_text(files["case"], encoding="utf-8")
    given: dict[str, Any] = {**paths, "folder": folder, "out": work / "out"}
    with ProcessWatch() as processes, pytest.raises(SystemExit) as left:
        main([part.format(**given) for part in command])
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    assert left.value.code in (0, 1, 2)
    told = printed.err + ("" if command[0] == "deidentify" else printed.out)  # which prints the changed copy
    assert found_in(told, (SAID,)) == [], "what stands in a file is not quoted"
    assert {what for what, canary in processes.found if canary == SAID} == set()
    assert found_in(logged(caplog), CONTENT) == []
    assert found_under(places) == []
