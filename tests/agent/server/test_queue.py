"""The queue is fair, short work comes first, and the working process can be killed (tests/durability: without loss)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent.server.hands import Died, ProcessHand
from agent.server.queueing import Job, Line
from agent.service import Consilium
from knowledge.errors import ToolRetry
from tests.agent.conftest import CASE_YAML


def line(*jobs: Job) -> Line:
    made = Line()
    for job in jobs:
        made.add(job)
    return made


def test_people_take_turns_and_each_keeps_their_own_order() -> None:
    waiting = line(*(Job(f"a{i}", owner="a") for i in range(3)), Job("b0", owner="b"), Job("c0", owner="c"))
    assert [job.run_id for job in waiting.order()] == ["a0", "b0", "c0", "a1", "a2"]
    assert [waiting.take().run_id for _ in range(2)] == ["a0", "b0"]
    waiting.add(Job("d0", owner="d"))
    assert [waiting.take().run_id for _ in range(4)] == ["c0", "d0", "a1", "a2"]


def test_a_click_is_answered_before_runs_that_wait() -> None:
    waiting = line(Job("a0", owner="a"), Job("a1", owner="a"), Job("b0", owner="b", arguments={"imaging": "imaging-1"}))
    assert [job.key for job in waiting.order()] == ["b0/outline", "a0", "a1"]


def test_the_working_process_is_killed_at_once_and_another_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    consilium = Consilium(tmp_path / "runs")
    run = consilium.start(folder)
    hand = ProcessHand(tmp_path / "runs")
    with pytest.raises(ToolRetry, match="no-such-run"):
        list(hand.do({"task": "work", "run": "no-such-run"}))
    order = {"task": "work", "run": run.id}
    events = hand.do(order)
    assert next(events)["event"]
    began = time.monotonic()
    assert hand.kill()
    with pytest.raises(Died):
        list(events)
    assert time.monotonic() - began < 5
    assert consilium.store.run(run.id).state == "working"
    again = hand.do(order)
    assert next(again)["event"]
    hand.close()
    with pytest.raises(Died):
        list(again)
    with pytest.raises(Died):
        list(hand.do(order))
