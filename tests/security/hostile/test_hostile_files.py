"""At least sixty hostile files of each family: read or refused with a typed error, in bounded time and memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.security.hostile.families import FAMILIES
from tools.sandbox import MIB, run_limited

SLOWEST_SECONDS = 20.0
# Parsers that may run out of memory on a lying header: the limit of their child process is their control.
MEMORY_IS_A_REFUSAL = frozenset({"dicom", "nifti", "pdf", "docx"})


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.hazard("HAZ-16")
def test_every_hostile_file_is_read_or_refused(family: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    names = []
    for name, body in FAMILIES[family]():
        (folder / name).write_bytes(body)
        names.append(name)
    assert len(set(names)) >= 60
    before = sorted(path.name for path in tmp_path.iterdir())
    answer = run_limited(
        "tests.security.hostile.doors:read_all",
        {"family": family, "folder": str(folder)},
        memory_bytes=1024 * MIB,
        output_bytes=64 * MIB,
        seconds=240,
        file=family,
        imports=("numpy", "tests.security.hostile.doors"),
    )
    allowed = {"read", "refused"} | ({"memory"} if family in MEMORY_IS_A_REFUSAL else set())
    bugs = {name: outcome for name, outcome in answer.items() if outcome[0] not in allowed}
    assert bugs == {}
    assert len(answer) == len(set(names))
    assert {name: out for name, out in answer.items() if out[2] > SLOWEST_SECONDS} == {}, json.dumps(answer)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not Path("/tmp/slipped").exists()
