"""Hostile documents that are uploaded as letters of a patient: read, or refused by name, and the service goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.agent.conftest import counter, scripted  # noqa: F401
from tests.agent.server.conftest import add_case, opened  # noqa: F401
from tests.security.hostile.families import FAMILIES, Files

# Damage at random places is told from these by its name; it goes through the same readers in test_hostile_files.
_DAMAGE = ("cut-", "bytes-", "moved-")


def made_on_purpose(family: str) -> Files:
    """The files of a family that are not good files with random damage."""
    return (pair for pair in FAMILIES[family]() if not pair[0].startswith(_DAMAGE))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["pdf", "docx", "html"])
@pytest.mark.hazard("HAZ-16")
def test_a_hostile_letter_is_read_or_refused_by_name(
    opened: Callable[..., TestClient],  # noqa: F811
    family: str,
) -> None:
    client = opened()
    read, refused = 0, 0
    for name, body in made_on_purpose(family):
        case_id = add_case(client, name, body)
        answer = client.get(f"/api/cases/{case_id}")
        assert answer.status_code == 200, name
        problem = answer.json()["problem"]
        if problem is None:
            read += 1
            assert answer.json()["notes"][0]["characters"] > 0, name
            continue
        refused += 1
        assert problem["file"] == f"notes/{name}"
        assert problem["accepted"], name
        started = client.post("/api/runs", json={"case": case_id})
        assert started.status_code == 409, name
        assert started.json()["file"] == f"notes/{name}"
    assert read > 0
    assert refused > 10
    assert client.get("/api/hello").status_code == 200
