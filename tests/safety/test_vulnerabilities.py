"""A check that looked up nothing is not taken for a clean one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.safety.vulnerabilities import verdict


def test_what_was_not_looked_up_is_said_and_what_is_vulnerable_fails(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    assert verdict(file) == (0, "NOT CHECKED: no database of vulnerabilities was reachable.")
    skipped, clean = {"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []}
    file.write_text(json.dumps({"dependencies": [skipped]}))
    assert verdict(file) == (0, "0 of 1 packages were looked up.\nNOT CHECKED: a.")
    file.write_text(json.dumps({"dependencies": [skipped, clean]}))
    assert verdict(file) == (0, "1 of 2 packages were looked up.\nNOT CHECKED: a.")
    file.write_text(json.dumps({"dependencies": [clean | {"vulns": [{"id": "CVE-1"}]}]}))
    assert verdict(file) == (1, "b 1: CVE-1\n1 of 1 packages were looked up.")
