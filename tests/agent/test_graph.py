"""Whatever the model does, a run ends in a draft that is verified or says what failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from agent.completing import STUCK_AFTER
from agent.draft import Report
from agent.graph import MAX_REPAIRS
from agent.scripted import ScriptedModel
from agent.service import Consilium
from knowledge.errors import ToolFailed, ToolRetry
from tests.agent.conftest import Counter, calls, nodule_id, writes

Scripted = Callable[..., Consilium]
READY = AIMessage("READY")
GOOD = "A solid nodule in the right lung measures 14 mm."


def good_draft(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
    return writes(GOOD, nodule_id(messages))


def work(consilium: Consilium, folder: Path, **options: str) -> tuple[str, list[dict[str, object]], Report]:
    run = consilium.start(folder, **options)  # type: ignore[arg-type]
    events = list(consilium.work(run.id))
    return run.id, events, consilium.report(run.id)


def test_a_run_calls_tools_writes_verifies_and_waits(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    consilium = scripted(calls("measure"), READY, good_draft)
    run_id, events, report = work(consilium, case_folder)
    assert [s.text for s in report.draft.statements] == [GOOD]
    assert [v.status for v in report.verification.verdicts] == ["supported"]
    assert counter.calls == 1
    assert [e["event"] for e in events if e["event"] not in ("node", "budget")] == [
        "tool_started",
        "tool_progress",
        "tool_finished",
        "draft_started",
        "statement",
        "verified",
        "to_review",
    ]
    assert consilium.store.run(run_id).state == "to_review"


def test_a_tool_that_cannot_answer_is_said_in_the_warnings(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    _, events, report = work(scripted(calls("measure", "refuse"), READY, good_draft), case_folder)
    assert "The scan has no spacing." in report.warnings
    assert [e["failed"] for e in events if e["event"] == "tool_finished" and e["tool"] == "refuse"] == ["failed"]


@pytest.mark.parametrize(
    "bad", [calls("erase_case"), AIMessage("", tool_calls=[{"name": "measure", "args": {"x": 1}, "id": "1"}])]
)
def test_an_unknown_tool_or_argument_is_explained_to_the_model(
    scripted: Scripted, case_folder: Path, counter: Counter, bad: AIMessage
) -> None:
    consilium = scripted(bad, calls("measure"), READY, good_draft)
    _, _, report = work(consilium, case_folder)
    model = consilium._model
    assert isinstance(model, ScriptedModel)
    assert "cannot be run as it is" in model.heard[1][-1].text
    assert [v.status for v in report.verification.verdicts] == ["supported"]


def test_the_same_call_twice_runs_once(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    work(scripted(calls("measure"), calls("measure"), READY, good_draft), case_folder)
    assert counter.calls == 1


@pytest.mark.hazard("HAZ-25")
def test_a_model_that_never_stops_calling_is_stopped(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    consilium = scripted(*[calls("measure")] * (STUCK_AFTER + 1), good_draft)
    _, _, report = work(consilium, case_folder)
    assert [s.text for s in report.draft.statements] == [GOOD]


@pytest.mark.hazard("HAZ-02")
def test_an_invented_evidence_id_is_repaired_or_the_section_is_written_by_the_builtin_model(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    invented = writes(GOOD, "E0123456789")
    _, _, mended = work(scripted(calls("measure"), READY, invented, good_draft), case_folder)
    assert [v.status for v in mended.verification.verdicts] == ["supported"]
    consilium = scripted(calls("measure"), READY, *[invented] * (MAX_REPAIRS + 1))
    _, _, shown = work(consilium, case_folder)
    assert [s.text for s in shown.draft.statements] == [GOOD]
    assert [v.status for v in shown.verification.verdicts] == ["supported"]
    assert any("1 statements" in w and "could not be verified (findings 1)" in w for w in shown.warnings)


@pytest.mark.hazard("HAZ-02")
def test_what_nobody_can_verify_is_shown_as_unsupported(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    invented = writes("Start osimertinib.", "E0123456789", section="must_not_miss", kind="recommendation")
    _, _, shown = work(scripted(calls("measure"), READY, *[invented] * (MAX_REPAIRS + 1)), case_folder)
    assert [s.text for s in shown.draft.statements] == ["Start osimertinib."]
    assert [v.status for v in shown.verification.verdicts] == ["unsupported"]


@pytest.mark.hazard("HAZ-01")
def test_an_altered_number_is_sent_back_with_the_reason(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    def wrong(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
        return writes(GOOD.replace("14", "41"), nodule_id(messages))

    consilium = scripted(calls("measure"), READY, wrong, good_draft)
    _, _, report = work(consilium, case_folder)
    model = consilium._model
    assert isinstance(model, ScriptedModel)
    assert any("41" in message.text for message in model.heard[-1] if message.type == "tool")
    assert [v.status for v in report.verification.verdicts] == ["supported"]


@pytest.mark.parametrize(
    "useless",
    [
        AIMessage(""),
        AIMessage("I am sorry, I cannot help with medical questions."),
        AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": []}, "id": "w"}]),
        AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": [{"text": "x"}]}, "id": "w"}]),
        writes("结节最长径14 mm。"),
        TimeoutError(),
        ValueError("broken"),
    ],
    ids=["empty", "refusal", "no statements", "wrong shape", "wrong language", "timeout", "error"],
)
@pytest.mark.hazard("HAZ-25")
def test_a_model_that_writes_nothing_usable_is_replaced_and_the_report_says_so(
    scripted: Scripted, case_folder: Path, counter: Counter, useless: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.asking.FIRST_WAIT_SECONDS", 0)
    _, _, report = work(scripted(calls("measure"), READY, useless), case_folder)
    assert any("built-in model" in warning for warning in report.warnings)
    assert any("14 mm" in statement.text for statement in report.draft.statements)
    assert all(verdict.status == "supported" for verdict in report.verification.verdicts)


def test_a_run_that_broke_off_goes_on_without_repeating_a_finished_tool(
    tmp_path: Path, case_folder: Path, counter: Counter
) -> None:
    class Power(BaseException):
        """As if the process had been killed."""

    def cut(_: list[BaseMessage], __: frozenset[str]) -> AIMessage:
        raise Power

    first = Consilium(tmp_path / "runs", ScriptedModel(script=[calls("measure"), cut]))
    run = first.start(case_folder)
    with pytest.raises(Power):
        list(first.work(run.id))
    with pytest.raises(ToolFailed, match="no draft yet"):
        first.report(run.id)
    second = Consilium(tmp_path / "runs", ScriptedModel(script=[READY, good_draft]))
    list(second.work(run.id))
    assert counter.calls == 1
    assert [s.text for s in second.report(run.id).draft.statements] == [GOOD]


def test_a_question_is_answered_and_the_draft_stays(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    def answers(messages: list[BaseMessage], _: frozenset[str]) -> AIMessage:
        return writes("The nodule measures 14 mm.", nodule_id(messages), section="summary")

    consilium = scripted(calls("measure"), READY, good_draft, READY, answers)
    run_id, _, before = work(consilium, case_folder)
    list(consilium.ask(run_id, "How large is it?"))
    answer, verification = consilium.answer(run_id)
    assert [s.text for s in answer.statements] == ["The nodule measures 14 mm."]
    assert not verification.unsupported
    assert consilium.report(run_id).draft == before.draft
    with pytest.raises(ToolRetry, match="empty"):
        list(consilium.ask(run_id, "  "))


def test_a_signed_report_is_kept_and_cannot_be_signed_twice(
    scripted: Scripted, case_folder: Path, counter: Counter
) -> None:
    consilium = scripted(calls("measure"), READY, good_draft)
    run_id, _, _ = work(consilium, case_folder)
    with pytest.raises(ToolRetry, match="without a decision"):
        consilium.sign(run_id, [], "Dr Example")
    assert consilium.report(run_id).state == "preliminary"
    signed = consilium.sign(run_id, [{"index": 0, "action": "accept"}], "Dr Example")
    assert signed.state == "signed"
    assert signed.review is not None
    assert signed.review.covers(signed.draft)
    assert [Report.model_validate_json(body).state for body in consilium.store.reports(run_id)] == ["signed"]
    with pytest.raises(ToolFailed, match="already signed"):
        consilium.sign(run_id, [{"index": 0, "action": "accept"}], "Dr Example")


def test_an_edit_is_verified_again(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    consilium = scripted(calls("measure"), READY, good_draft)
    run_id, _, _ = work(consilium, case_folder)
    assert consilium.check_edit(run_id, 0, "The nodule measures 14 mm.").status == "supported"
    assert consilium.check_edit(run_id, 0, "The nodule measures 15 mm.").status == "unsupported"


def test_no_path_reaches_the_model(scripted: Scripted, case_folder: Path, counter: Counter) -> None:
    consilium = scripted(calls("measure"), READY, good_draft)
    work(consilium, case_folder)
    model = consilium._model
    assert isinstance(model, ScriptedModel)
    heard = "".join(message.text for request in model.heard for message in request)
    assert str(case_folder.parent) not in heard


@pytest.mark.hazard("HAZ-20")
def test_a_second_worker_on_the_same_run_is_refused(
    tmp_path: Path, case_folder: Path, counter: Counter, scripted: Scripted
) -> None:
    consilium = scripted(calls("measure"), READY, good_draft)
    run = consilium.start(case_folder)
    working = consilium.work(run.id)
    next(working)
    with pytest.raises(ToolFailed, match="another process"):
        list(scripted(READY).work(run.id))
    list(working)
