"""The command line leaves a record of who did what, and `consilium audit` finds whatever was done to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from agent.cli import COMMANDS
from agent.cli.recording import RECORDED, home_log
from tests.agent.conftest import Counter, run

pytestmark = pytest.mark.usefixtures("own_home")


def said() -> list[tuple[str, str, str]]:
    entries = [row.entry() for row in home_log().entries()]
    return [(e.action, e.what, e.outcome) for e in entries if e.action != "record_begun"]


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing can be recorded inside."""
    with monkeypatch.context() as patch, closing(sqlite3.connect(home_log().path, isolation_level=None)) as other:
        patch.setattr("agent.trust.audit.WAIT_SECONDS", 0.02)
        other.execute("BEGIN IMMEDIATE")
        yield


def test_every_command_says_what_it_records() -> None:
    assert sorted(RECORDED) == sorted(COMMANDS)


def test_the_way_to_a_signed_report_is_recorded(case_folder: Path, tmp_path: Path, counter: Counter) -> None:
    assert run("run", case_folder) == 0
    decisions = tmp_path / "decisions.json"
    decisions.write_text("[]", encoding="utf-8")
    assert run("review", "last", "--decisions", decisions, "--reviewer", "Dr A") == 2
    assert run("export", "last", "--out", tmp_path / "out.json") == 0
    assert run("trace", "last") == 0
    assert said() == [
        ("ran", "cli.run", "allowed"),
        ("exported", "cli.report", "allowed"),
        ("saw", "cli.review", "allowed"),
        ("signed", "cli.review", "allowed"),
        ("ran", "cli.review", "failed"),
        ("exported", "cli.export", "allowed"),
        ("saw", "cli.trace", "allowed"),
    ]
    entries = [row.entry() for row in home_log().entries()]
    assert {entry.user.partition(":")[0] for entry in entries[1:]} == {"local"}
    assert len({entry.case for entry in entries} - {""}) == 1
    assert not any(b"hypertension" in row.body.encode() for row in home_log().entries())


def test_nothing_is_written_that_cannot_be_recorded(
    case_folder: Path,
    tmp_path: Path,
    counter: Counter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("run", case_folder) == 0
    capsys.readouterr()
    with broken(monkeypatch):
        assert run("export", "last", "--out", tmp_path / "out.json") == 1
        assert run("run", case_folder) == 1
    assert "record of access cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
    assert run("runs", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_record_that_was_altered_is_found_with_the_number_of_the_row(
    case_folder: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", case_folder) == 0
    assert run("audit", "verify") == 0
    assert "3 rows, whole and in order" in capsys.readouterr().out
    with closing(sqlite3.connect(home_log().path)) as connection, connection:
        connection.executescript("DROP TRIGGER rows_stay; UPDATE rows SET body=replace(body,'exported','saw')")
    assert run("audit", "verify") == 1
    assert "Row 3: it was altered." in capsys.readouterr().out


def test_a_case_is_copied_with_its_rows_and_the_copy_can_be_checked(
    case_folder: Path, tmp_path: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", case_folder) == 0
    assert run("deidentify", case_folder, "--out", tmp_path / "copy") == 0
    copy = tmp_path / "audit.json"
    assert run("audit", "export", "--case", case_folder, "--out", copy) == 0
    rows = [json.loads(row["body"]) for row in json.loads(copy.read_text())["rows"]]
    assert [row["action"] for row in rows] == ["ran", "exported", "deidentified", "read_record"]
    assert run("audit", "verify", "--file", copy) == 0
    copy.write_text(copy.read_text().replace("deidentified", "exported"))
    assert run("audit", "verify", "--file", copy) == 1
    capsys.readouterr()
    assert run("audit", "show", "--case", "last", "--json") == 0
    assert [row["action"] for row in json.loads(capsys.readouterr().out)][-1] == "read_record"
    assert run("audit", "show", "--case", "nobody") == 2


def test_whose_account_was_changed_is_recorded_whatever_its_name_is(
    case_folder: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = iter(["correct horse battery\n", "another long sentence\n", "never to be set by anyone\n"])
    monkeypatch.setattr("sys.stdin.readline", lambda: next(passwords), raising=False)
    assert run("accounts", "add", "list", "--role", "physician", "--shown-as", "--help", "--stdin") == 0
    assert run("accounts", "password", "list", "--stdin") == 0
    assert run("accounts", "roles", "list", "admin") == 0
    assert run("accounts", "disable", "list") == 0
    assert run("accounts", "add", "show", "--role", "service", "--scope", "case.list") == 0
    assert run("accounts", "disable", "nobody") == 2
    assert run("run", case_folder) == 0
    assert run("accounts", "team", "last", "--add", "show") == 0
    entries = [row.entry() for row in home_log().entries()]
    entries = [e for e in entries if e.account or ".accounts" in e.what]
    assert [(e.what.removeprefix("cli.accounts"), e.account, e.outcome) for e in entries] == [
        (".add.physician", "list", "allowed"),
        (".password", "list", "allowed"),
        (".role.admin", "list", "allowed"),
        (".close", "list", "allowed"),
        (".add.service", "show", "allowed"),
        ("", "", "failed"),
        (".team", "", "allowed"),
        ("team.add", "show", "allowed"),
    ]
