"""Pinned packages are looked up in a stored database, and what was not looked up is said."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.safety.advisories import AdvisoryError, pinned, records, verdict

TODAY = dt.date(2026, 11, 20)
PINS = {("PyPI", "some-package"): frozenset({"2.4.1"}), ("npm", "@a/page"): frozenset({"1.0.0", "2.0.0"})}


def _advisory(*events: Mapping[str, str], ecosystem: str = "PyPI", name: str = "Some_Package", **more: Any) -> bytes:
    span = {"type": "ECOSYSTEM" if ecosystem == "PyPI" else "SEMVER", "events": events}
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [span], **more.pop("affected", {})}
    body = {"id": "OSV-1", "aliases": ["CVE-2026-1"], "modified": "2026-11-10T00:00:00Z", "affected": [affected]}
    return json.dumps(body | more).encode()


def _database(folder: Path, *bodies: bytes) -> Path:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, body in enumerate(bodies):
            archive.writestr(f"OSV-{number}.json", body)
    return path


@pytest.mark.parametrize(
    ("events", "vulnerable"),
    [
        ([{"introduced": "0"}, {"fixed": "2.4.2"}], True),
        ([{"introduced": "0"}, {"fixed": "2.4.1"}], False),
        ([{"introduced": "0"}, {"last_affected": "2.4.1"}], True),
        ([{"introduced": "0"}, {"last_affected": "2.4"}], False),
        ([{"introduced": "2.4.1"}], True),
        ([{"introduced": "2.5"}], False),
        ([{"introduced": "0"}, {"fixed": "1.9"}, {"introduced": "2.4.0"}, {"fixed": "2.4.3"}], True),
        ([{"fixed": "2.4.3"}, {"introduced": "2.4.2"}, {"fixed": "1.9"}, {"introduced": "0"}], False),
        ([{"introduced": "0"}, {"fixed": "2.10"}], True),  # 2.10 is later than 2.4
        ([{"introduced": "0"}, {"fixed": "2.4.1rc1"}], False),
    ],
)
def test_a_version_is_vulnerable_from_its_introduction_until_its_repair(
    events: list[dict[str, str]], vulnerable: bool, tmp_path: Path
) -> None:
    code, said = verdict([_database(tmp_path, _advisory(*events))], PINS, TODAY)
    assert code == int(vulnerable)
    assert ("some-package 2.4.1: OSV-1, CVE-2026-1" in said) is vulnerable


def test_versions_that_are_listed_are_vulnerable_and_withdrawn_advisories_are_none(tmp_path: Path) -> None:
    listed = _advisory(affected={"versions": ["2.4.1"]})
    assert verdict([_database(tmp_path, listed)], PINS, TODAY)[0] == 1
    withdrawn = _advisory({"introduced": "0"}, withdrawn="2026-11-11T00:00:00Z")
    assert verdict([_database(tmp_path, withdrawn)], PINS, TODAY)[0] == 0


def test_each_version_of_a_package_of_the_page_is_looked_up(tmp_path: Path) -> None:
    body = _advisory({"introduced": "0"}, {"fixed": "1.5.0"}, ecosystem="npm", name="@a/page")
    code, said = verdict([_database(tmp_path, body)], PINS, TODAY)
    assert code == 1
    assert "@a/page 1.0.0" in said
    assert "@a/page 2.0.0" not in said


def test_what_was_not_looked_up_or_is_old_is_said(tmp_path: Path) -> None:
    assert verdict([], PINS, TODAY)[1].count("NOT CHECKED") == 2
    clean = _database(tmp_path, _advisory({"introduced": "9"}))
    said = verdict([clean], PINS, TODAY)[1]
    assert "1 packages of PyPI were looked up; the newest advisory is of 2026-11-10." in said
    assert "NOT CHECKED: the 1 packages of npm" in said
    assert "THE DATABASE IS 41 DAYS OLD" in verdict([clean], PINS, dt.date(2026, 12, 21))[1]
    odd = _advisory({"introduced": "first"})
    assert "NOT COMPARED: some-package 2.4.1" in verdict([_database(tmp_path, odd)], PINS, TODAY)[1]


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "all.zip"
    wrong.write_text("<html>not found</html>")
    with pytest.raises(AdvisoryError, match=r"all\.zip: cannot be read .*OSV"):
        list(records(wrong))
    with pytest.raises(AdvisoryError, match=r"OSV-0\.json: not JSON"):
        list(records(_database(tmp_path, b"{")))


def test_every_pin_of_the_project_is_looked_up() -> None:
    pins = pinned()
    assert ("PyPI", "torch") not in pins or pins["PyPI", "torch"]
    assert pins["PyPI", "pydantic"]
    assert pins["npm", "react"]
