"""At least sixty hostile files of each family: read or refused with a typed error, in bounded time and memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.security.hostile.attacks import ATTACKS
from tests.security.hostile.doors import MEMORY_IS_A_REFUSAL, PARSERS
from tests.security.hostile.families import FAMILIES, VALID, Files, damaged
from tools.sandbox import MIB, run_limited

SLOWEST_SECONDS = 20.0
# As many as take a few seconds: `make fuzz` goes on from there with coverage, a minute or longer each.
DAMAGED_PLACES = {"note": 400, "nifti": 1200, "dicom": 1200}
DAMAGED_PLACES_OTHERS = 4000


def read_or_refused(family: str, files: Files, parent: Path) -> int:
    """Read files through the door of a family; how many there were. Fails on anything else than a typed refusal."""
    folder = parent / "files"
    folder.mkdir()
    names = set()
    for name, body in files:
        (folder / name).write_bytes(body)
        names.add(name)
    scratch = parent / "scratch"
    scratch.mkdir()
    before = sorted(path.name for path in parent.iterdir())
    answer = run_limited(
        "tests.security.hostile.doors:read_all",
        {"family": family, "folder": str(folder), "scratch": str(scratch)},
        memory_bytes=1024 * MIB,
        output_bytes=64 * MIB,
        seconds=240,
        file=family,
        imports=("numpy", "tests.security.hostile.doors"),
        reads=(folder,),
        writes=(scratch,),
    )
    allowed = {"read", "refused"} | ({"memory"} if family in MEMORY_IS_A_REFUSAL else set())
    bugs = {name: outcome for name, outcome in answer.items() if outcome[0] not in allowed}
    assert bugs == {}
    assert len(answer) == len(names)
    assert {name: out for name, out in answer.items() if out[2] > SLOWEST_SECONDS} == {}, json.dumps(answer)
    assert sorted(path.name for path in parent.iterdir()) == before
    return len(names)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.hazard("HAZ-16")
def test_every_hostile_file_is_read_or_refused(family: str, tmp_path: Path) -> None:
    assert read_or_refused(family, FAMILIES[family](), tmp_path) >= 60
    assert not Path("/tmp/slipped").exists()


@pytest.mark.parametrize("family", ATTACKS)
@pytest.mark.hazard("HAZ-16")
def test_every_attack_made_on_purpose_is_read_or_refused(family: str, tmp_path: Path) -> None:
    assert read_or_refused(family, ATTACKS[family](), tmp_path) >= 60
    assert not Path("/tmp/slipped").exists()


@pytest.mark.parametrize("family", PARSERS)
@pytest.mark.hazard("HAZ-16")
def test_a_good_file_damaged_at_many_further_places_is_read_or_refused(family: str, tmp_path: Path) -> None:
    """What `make fuzz` does for longer and with coverage, at fixed places."""
    ending, good = VALID[family]
    count = DAMAGED_PLACES.get(family, DAMAGED_PLACES_OTHERS)
    assert read_or_refused(family, damaged(good(), ending, count=count, seed=20261126), tmp_path) == count


def test_every_family_has_a_door_and_a_good_file() -> None:
    assert sorted(PARSERS) == sorted(FAMILIES) == sorted(VALID)
