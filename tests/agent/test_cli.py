"""The command line: quick help, exit codes, no traceback, the way from a case to a signed report."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import COMMANDS, available_commands
from tests.agent.conftest import Counter, run

pytestmark = pytest.mark.usefixtures("own_home")

HEAVY = ("torch", "monai", "chromadb", "sentence_transformers", "langgraph", "langchain_core", "pysam", "pint", "numpy")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom agent.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert all(name in done.stdout for name in available_commands())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name not in available_commands():
        pytest.skip(f"{name} is not installed")
    assert run(name, "--help") == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Commands"),
        (["nonsense"], 2, "no command 'nonsense'"),
        (["run"], 2, "Missing argument"),
        (["run", "no-such-folder"], 1, "no-such-folder"),
        (["review", "last", "--reviewer", "Dr Example"], 2, "consilium runs"),
        (["trace", "nothing"], 2, "consilium runs"),
        (["chat"], 2, "case folder"),
    ],
)
def test_wrong_use_and_failure_have_their_exit_codes_and_no_traceback(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    captured = capsys.readouterr()
    assert said in captured.out + captured.err
    assert "Traceback" not in captured.err


def test_a_model_that_is_not_there_is_said_before_anything_is_recorded(
    case_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONSILIUM_MODEL_URL", "http://127.0.0.1:9/v1")
    assert run("run", case_folder, "--model", "vllm:tiny") == 1
    assert "No model server answers" in capsys.readouterr().err
    assert run("run", case_folder, "--model", "nonsense") == 2
    assert run("runs") == 0
    assert "no runs yet" in capsys.readouterr().err


@pytest.mark.hazard("HAZ-26")
def test_a_bug_shows_where_it_is_and_not_what_the_case_says(
    case_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("Mrs Example, born 1960")

    monkeypatch.setattr("agent.service.read_case", broken)
    assert run("run", case_folder) == 1
    said = capsys.readouterr().err
    assert "this is a bug in Consilium (KeyError in test_cli.py" in said
    assert "Mrs Example" not in said


def test_from_a_case_to_a_signed_report(
    case_folder: Path, tmp_path: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", case_folder, "--out", tmp_path / "out", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert "<html" in (tmp_path / "out" / "report.html").read_text("utf-8")
    number = len(report["statements"])
    decisions = [{"index": i, "action": "accept"} for i in range(number)]
    (tmp_path / "decisions.json").write_text(json.dumps(decisions[1:]), "utf-8")
    review = ("review", "last", "--reviewer", "Dr Example", "--decisions", tmp_path / "decisions.json")
    assert run(*review) == 2
    assert "without a decision: 0" in capsys.readouterr().err
    (tmp_path / "decisions.json").write_text(json.dumps(decisions), "utf-8")
    assert run(*review, "--out", tmp_path / "signed") == 0
    assert "Signed by Dr Example." in capsys.readouterr().out
    assert "Dr Example" in (tmp_path / "signed" / "report.html").read_text("utf-8")
    assert run(*review) == 1
    assert "already signed" in capsys.readouterr().err
    assert run("trace", "last", "--replay") == 0
    assert "the same draft" in capsys.readouterr().out
    assert run("runs", "--json") == 0
    assert [item["state"] for item in json.loads(capsys.readouterr().out)] == ["signed"]


@pytest.mark.parametrize("content", ["{", "{}", "[1]", '[{"index": 0}]', '[{"index": -1, "action": "accept"}]'])
def test_a_file_of_decisions_that_does_not_fit_signs_nothing(
    case_folder: Path, tmp_path: Path, counter: Counter, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", case_folder, "--out", tmp_path / "out", "--json") == 0
    (tmp_path / "decisions.json").write_text(content, "utf-8")
    assert run("review", "last", "--reviewer", "Dr Example", "--decisions", tmp_path / "decisions.json") in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("database or disk is full"), OSError(errno.ENOSPC, "No space left on device")],
)
def test_a_full_disk_is_said_with_how_to_go_on(
    case_folder: Path, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("agent.runs.RunStore.create", full)
    assert run("run", case_folder) == 1
    said = capsys.readouterr().err
    assert "--resume last" in said
    assert "bug" not in said
