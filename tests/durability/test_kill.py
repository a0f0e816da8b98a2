"""A run that was accepted survives being killed: it ends in the same draft, and is never signed by accident."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.draft import Report
from agent.runs import RunStore
from tests.agent.conftest import CASE_YAML
from tests.conftest import REPOSITORY

KILLS = int(os.environ.get("CONSILIUM_TEST_KILLS", "8"))


def _start(home: Path, case: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "CONSILIUM_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "tests.durability.driver", str(case)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)


def _finish(home: Path, case: Path) -> str:
    output, _ = _start(home, case).communicate(timeout=120)
    return output.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * KILLS)
@pytest.mark.hazard("HAZ-20")
def test_a_killed_run_ends_in_the_same_signed_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = tmp_path / "case"
    case.mkdir()
    (case / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    began = time.monotonic()
    expected = _finish(tmp_path / "undisturbed", case)
    seconds = time.monotonic() - began
    assert expected.startswith("signed ")
    chance = random.Random(20261123)
    for number in range(KILLS):
        home = tmp_path / f"home-{number}"
        process = _start(home, case)
        try:
            process.communicate(timeout=chance.uniform(0.3, 1.05) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
        monkeypatch.setenv("CONSILIUM_HOME", str(home))
        store = RunStore(home / "runs")
        if output.startswith("accepted"):
            assert len(store.runs()) == 1, "an accepted run is recorded"
        for run in store.runs():
            assert run.state != "signed" or store.reports(run.id), "signed only with a kept report"
        assert _finish(home, case) == expected
        final = store.runs()[0]
        assert final.state == "signed"
        kept = [Report.model_validate_json(body) for body in store.reports(final.id)]
        assert [report.state for report in kept] == ["signed"]
        assert kept[0].review is not None
        assert kept[0].review.covers(kept[0].draft)
