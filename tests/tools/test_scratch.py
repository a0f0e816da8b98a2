"""Temporary files of a process that was killed are removed; those of others stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.scratch import remove_left_over, scratch_folder, scratch_prefix


def test_what_a_killed_process_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_SCRATCH", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (tmp_path / f"consilium-{gone.pid}-abc").mkdir()
    (tmp_path / f"consilium-{gone.pid}-abc" / "note.md").write_text("a patient")
    (tmp_path / f"consilium-{gone.pid}-bcf-x.vcf").write_text("a patient")
    (tmp_path / f"consilium-{gone.pid}-link").symlink_to(outside)
    for born in (1, 10**12):  # another process has the number of one that is gone
        (tmp_path / f"consilium-{os.getpid()}t{born}-abc").mkdir()
    (tmp_path / "consilium-notes").write_text("somebody's own")
    (tmp_path / f"{scratch_prefix()}own").mkdir()
    with scratch_folder() as folder:
        remove_left_over()
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {"outside", "consilium-notes", f"{scratch_prefix()}own", folder.name}
    assert (outside / "kept.txt").read_text() == "kept"
