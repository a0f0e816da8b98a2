"""The audit record: whatever is done to its rows is found, and what cannot be recorded is not done."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.trust.audit import Action, AuditLog, AuditUnavailable, Somebody
from agent.trust.audit_check import check, check_copy, copy_of_case
from agent.trust.keys import Keyring
from agent.trust.vault import Vault

KEYS = Keyring(b"k" * 32)
CASE, OTHER = "case-" + "a" * 16, "case-" + "b" * 16
RUN = "20261126-101112-abcdef"
DOCTOR = Somebody("dr.lowe", "physician", "s1", "10.0.0.7")
ROWS = 9


def record(folder: Path, rows: int = ROWS - 1) -> AuditLog:
    """A record of `rows` rows after the first, which says that it was begun."""
    folder.mkdir(exist_ok=True)
    vault = Vault(folder, KEYS)
    vault.make(CASE)
    log = AuditLog(folder, vault)
    for number in range(rows):
        log.append(DOCTOR, (Action.SAW, Action.RAN, Action.SIGNED)[number % 3], "show_run", case=CASE, run=RUN)
    return log


def at(log: AuditLog, *statements: str) -> None:
    """Change the file behind the record's back."""
    with closing(sqlite3.connect(log.path)) as connection, connection:
        connection.executescript("DROP TRIGGER IF EXISTS rows_stay; DROP TRIGGER IF EXISTS rows_are_kept;")
        for statement in statements:
            connection.execute(statement)


def test_an_untouched_record_is_whole(tmp_path: Path) -> None:
    found = check(record(tmp_path))
    assert found.faults == ()
    assert found.rows == ROWS


def test_rows_can_only_be_added(tmp_path: Path) -> None:
    log = record(tmp_path)
    with closing(sqlite3.connect(log.path)) as connection:
        for statement in ("DELETE FROM rows WHERE number=3", "UPDATE rows SET body='' WHERE number=3"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                connection.execute(statement)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record") / "store"
    log = record(folder)
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def _byte(log: AuditLog, row: int, place: int, column: str) -> int:
    """Change one character of a column."""
    with closing(sqlite3.connect(log.path)) as connection:
        value = connection.execute(f"SELECT {column} FROM rows WHERE number=?", (row,)).fetchone()[0]
    old = value if isinstance(value, str) else value.hex()
    spot = place % len(old)
    new = old[:spot] + ("0" if old[spot] != "0" else "1") + old[spot + 1 :]
    quoted = f"x'{new}'" if isinstance(value, bytes) else "'" + new.replace("'", "''") + "'"
    at(log, f"UPDATE rows SET {column}={quoted} WHERE number={row}")
    return row


def _remove(log: AuditLog, row: int, *_: object) -> int:
    at(log, f"DELETE FROM rows WHERE number={row}")
    return row


def _swap(log: AuditLog, row: int, place: int, _: str) -> int:
    other = 1 + (row + place % (ROWS - 1)) % ROWS
    at(log, f"UPDATE rows SET number=-1 WHERE number={row}", f"UPDATE rows SET number={row} WHERE number={other}",
       f"UPDATE rows SET number={other} WHERE number=-1")  # fmt: skip
    return min(row, other)


def _close_up(log: AuditLog, row: int, *_: object) -> int:
    """Remove a row and number those after it anew."""
    at(log, f"DELETE FROM rows WHERE number={row}", f"UPDATE rows SET number=-number WHERE number>{row}",
       f"UPDATE rows SET number=-number-1 WHERE number<-{row}")  # fmt: skip
    return row


def _repeat(log: AuditLog, row: int, *_: object) -> int:
    at(log, f"INSERT INTO rows SELECT {ROWS + 1}, body, hash, sign FROM rows WHERE number={row}")
    return ROWS + 1


def _cut(log: AuditLog, row: int, *_: object) -> int:
    at(log, f"DELETE FROM rows WHERE number>={row}")
    return row


def _cut_with_head(log: AuditLog, row: int, *_: object) -> int:
    """Remove the last rows and let the head name the one before; it cannot be signed without the key."""
    at(log, f"DELETE FROM rows WHERE number>={row}", f"UPDATE head SET number={row - 1}",
       f"UPDATE head SET hash=coalesce((SELECT hash FROM rows WHERE number={row - 1}), '')")  # fmt: skip
    return row - 1


CHANGES: list[Callable[..., int]] = [_byte, _remove, _swap, _close_up, _repeat, _cut, _cut_with_head]


@pytest.mark.hazard("HAZ-28")
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    change=st.sampled_from(CHANGES),
    row=st.integers(1, ROWS),
    place=st.integers(0, 500),
    column=st.sampled_from(["body", "hash", "sign"]),
)
def test_every_altered_removed_or_reordered_row_is_found_with_its_number(
    whole: Path, tmp_path: Path, change: Callable[..., int], row: int, place: int, column: str
) -> None:
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    log = AuditLog(folder, Vault(folder, KEYS))
    number = change(log, row, place, column)
    assert number in {fault.number for fault in check(log).faults}


def test_rows_that_were_taken_away_stay_missing_when_the_record_goes_on(tmp_path: Path) -> None:
    for number, statements in enumerate((
        ("DELETE FROM rows WHERE number>6",),
        ("DELETE FROM rows WHERE number>6", "DELETE FROM head"),
        ("DELETE FROM rows WHERE number>6", "UPDATE head SET number=6"),
    )):  # fmt: skip
        log = record(tmp_path / f"store-{number}")
        at(log, *statements)
        log.append(DOCTOR, Action.SAW)
        assert 7 in {fault.number for fault in check(log).faults}


def test_a_record_that_was_removed_as_a_whole_is_missed(tmp_path: Path) -> None:
    log = record(tmp_path)
    for path in tmp_path.glob("audit.sqlite*"):
        path.unlink()
    assert [fault.number for fault in check(log).faults] == [1]
    log.append(DOCTOR, Action.SAW)
    assert [fault.number for fault in check(log).faults] == [1]


def test_an_older_copy_of_the_whole_is_found_by_a_head_that_was_noted(tmp_path: Path) -> None:
    log = record(tmp_path / "store")
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old = log.path.read_bytes()
    log.append(DOCTOR, Action.EXPORTED, case=CASE)
    noted = check(log).head
    assert check(log, noted).faults == ()
    for path in log.path.parent.glob("audit.sqlite*"):
        path.unlink()
    log.path.write_bytes(old)
    assert check(log).faults == ()
    assert [fault.number for fault in check(log, noted).faults] == [ROWS + 1]


def test_a_record_made_with_another_key_is_not_taken_for_this_one(tmp_path: Path) -> None:
    mine, forged = record(tmp_path / "mine"), record(tmp_path / "forged")
    shutil.copy(forged.path, mine.path)
    assert len(check(mine).faults) >= ROWS


@pytest.mark.hazard("HAZ-28")
def test_what_cannot_be_recorded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = record(tmp_path)
    monkeypatch.setattr("agent.trust.audit.WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(log.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditUnavailable, match=r"database is locked.*nothing was done"):
            log.append(DOCTOR, Action.SIGNED, case=CASE)
        other.execute("ROLLBACK")
    log.append(DOCTOR, Action.SIGNED, case=CASE)
    assert check(log).faults == ()


def test_no_free_text_gets_into_a_row(tmp_path: Path) -> None:
    log = record(tmp_path)
    for wrong in ({"case": "Anna Lowe"}, {"run": "MRN 4711"}, {"what": "shows Anna Lowe"},
                  {"account": "Anna Lowe"}, {"account": "oidc:Anna Lowe"}, {"what": "saw\n"}):  # fmt: skip
        with pytest.raises(ValueError, match="not an identifier"):
            log.append(DOCTOR, Action.SAW, **wrong)
    log.append(Somebody("dr.lowe", address="Anna Lowe"), Action.SAW)
    assert log.entries()[-1].entry().address == ""


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    record(tmp_path, 0)

    def write() -> None:
        mine = AuditLog(tmp_path, Vault(tmp_path, KEYS))
        for _ in range(10):
            mine.append(DOCTOR, Action.SAW, case=CASE)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = check(AuditLog(tmp_path, Vault(tmp_path, KEYS)))
    assert (found.rows, found.faults) == (61, ())


def test_a_clock_that_jumps_leaves_the_order_and_is_named(tmp_path: Path) -> None:
    times = iter(dt.datetime(2026, 11, 26, hour, tzinfo=dt.UTC) for hour in (9, 10, 23, 8, 9))
    vault = Vault(tmp_path, KEYS)
    log = AuditLog(tmp_path, vault, lambda: next(times))
    for _ in range(4):
        log.append(DOCTOR, Action.SAW)
    found = check(log)
    assert found.faults == ()
    assert found.clock_went_back == (4,)
    assert [json.loads(row.body)["number"] for row in log.entries()] == [1, 2, 3, 4, 5]


def test_the_reason_of_an_emergency_is_encrypted_and_goes_with_its_case_while_the_row_stays(tmp_path: Path) -> None:
    log = record(tmp_path)
    reason = "CANARYREASON: unconscious, no relative"
    number = log.append(DOCTOR, Action.EMERGENCY, case=CASE, reason=reason)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"CANARYREASON" in p.read_bytes()]
    assert copy_of_case(log, CASE).reasons == {number: reason}
    log.vault.shred(CASE)
    copy = copy_of_case(log, CASE)
    assert copy.reasons == {}
    assert copy.rows[-1].entry().action == "emergency_access"
    assert check(log).faults == ()
    at(log, f"UPDATE reasons SET body=x'00' WHERE number={number}")
    assert [fault.number for fault in check(log).faults] == [number]


def test_the_copy_for_a_case_holds_its_rows_only_and_can_be_checked_elsewhere(tmp_path: Path) -> None:
    log = record(tmp_path)
    log.append(DOCTOR, Action.SAW, case=OTHER)
    text = copy_of_case(log, CASE).model_dump_json().encode()
    found = check_copy(text, "copy.json")
    assert (found.rows, found.faults) == (ROWS - 1, ())
    assert OTHER.encode() not in text
    assert [f.number for f in check_copy(text.replace(b"dr.lowe", b"dr.hyde", 1), "copy.json").faults] == [2]
