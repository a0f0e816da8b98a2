"""The key of a store is changed, and one case destroyed, from the command line; both stand in the audit record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli.recording import home_log
from agent.trust.audit_check import check
from agent.trust.keys import KeyMissing, default_key_file, read_keyring
from agent.trust.vault import Vault
from knowledge.paths import home
from tests.agent.conftest import Counter, run

pytestmark = pytest.mark.usefixtures("own_home")


def actions() -> list[tuple[str, str]]:
    return [(e.action, e.what) for e in (row.entry() for row in home_log().entries()) if "cli.run" not in e.what]


def test_after_a_rotation_the_old_key_opens_nothing_and_everything_is_there(
    case_folder: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", case_folder) == 0
    old = read_keyring(default_key_file())
    still_running = Vault(home() / "runs", old)
    assert run("keys", "rotate") == 0
    assert "2 data keys were wrapped again" in capsys.readouterr().out
    assert not read_keyring(default_key_file()).holds(old.active)
    with pytest.raises(KeyMissing, match=old.active):
        Vault(home() / "runs", old)
    with pytest.raises(KeyMissing, match="Start this program again"):
        still_running.make("case-of-a-program-with-the-old-key")
    assert run("export", "last", "--out", "report.json") == 0
    assert run("keys", "show") == 0
    assert read_keyring(default_key_file()).active in capsys.readouterr().out
    assert ("key_rotated", "cli.keys.rotate") in actions()
    assert check(home_log()).faults == ()


def test_a_key_from_the_environment_takes_the_place_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from base64 import b64encode

    first, second = (b64encode(letter * 32).decode() for letter in (b"a", b"b"))
    monkeypatch.setenv("CONSILIUM_KEY", first)
    assert run("runs") == 0
    monkeypatch.setenv("CONSILIUM_KEY", second)
    assert run("runs") == 1
    monkeypatch.setenv("CONSILIUM_KEYS_BEFORE", first)
    assert run("keys", "rotate") == 0
    assert "1 data keys" in capsys.readouterr().out
    monkeypatch.delenv("CONSILIUM_KEYS_BEFORE")
    assert run("runs") == 0


def test_an_erased_case_is_gone_its_audit_rows_stay_and_others_are_untouched(
    case_folder: Path, counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = case_folder.rename(case_folder.with_name("other"))
    assert run("run", other) == 0
    case_folder.mkdir()
    (case_folder / "case.yaml").write_bytes((other / "case.yaml").read_bytes())
    assert run("run", case_folder) == 0
    assert run("run", case_folder) == 0
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert run("erase", "last") == 1
    assert run("erase", "last", "--yes") == 0
    capsys.readouterr()
    assert run("runs", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert run("run", case_folder) == 1
    assert "destroyed" in capsys.readouterr().err
    rows = [row.entry() for row in home_log().entries()]
    erased = [e for e in rows if e.action == "shredded"]
    assert [(e.what, e.outcome) for e in erased] == [("cli.erase", "allowed")]
    assert len([e for e in rows if e.case == erased[0].case]) > 3
    assert check(home_log()).faults == ()
