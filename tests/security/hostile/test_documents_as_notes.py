"""Hostile documents that are uploaded as letters of a patient: read, or refused by name, and the service goes on."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from knowledge.errors import BadInput
from knowledge.ingest.extract import sniff
from tests.agent.conftest import counter, scripted  # noqa: F401
from tests.agent.server.conftest import add_case, opened  # noqa: F401
from tests.security.hostile.families import FAMILIES, Files, docx

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


def test_an_archive_of_a_million_names_is_refused_before_they_are_read(tmp_path: Path) -> None:
    """The kind of a file is told in the process of the service itself."""
    good = docx()
    central, end = good.index(b"PK\x01\x02"), good.rindex(b"PK\x05\x06")
    size = 46 + sum(struct.unpack_from("<3H", good, central + 28))
    names = good[central:end] + good[central : central + size] * 80_000
    count = struct.pack("<HHII", 65535, 65535, len(names), central)
    (tmp_path / "a.docx").write_bytes(good[:central] + names + good[end : end + 8] + count + good[end + 20 :])
    with pytest.raises(BadInput, match="directory of the archive"):
        sniff(tmp_path / "a.docx", "a.docx")
    (tmp_path / "a.docx").write_bytes(good)
    assert sniff(tmp_path / "a.docx", "a.docx") == "docx"
    (tmp_path / "a.docx").write_bytes(good[:-2] + struct.pack("<H", 300) + b"PK\x05\x06" * 75)
    with pytest.raises(BadInput):
        sniff(tmp_path / "a.docx", "a.docx")
