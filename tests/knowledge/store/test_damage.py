"""An index that is damaged on disk is told, and built anew by whoever needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.errors import ToolFailed
from knowledge.store import service
from knowledge.store.index import Index, Source, passages_digest, store_folder
from tests.knowledge.store.words import passages

pytestmark = pytest.mark.usefixtures("own_home", "word_encoder")

PARTS = (
    "passages.sqlite",
    "vectors.npy",
    "kinds.npy",
    "meta.json",
    "bm25/data.csc.index.npy",
    "chroma/chroma.sqlite3",
    "chroma/*/data_level0.bin",
)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Index:
    """The index of sixty passages, closed."""
    made = passages(60, 1)
    monkeypatch.setattr(service, "sources", lambda: [Source("words", passages_digest(made), lambda: made)])
    monkeypatch.setattr(service, "_OPEN", {})
    index = service.build()
    index.close()
    service._OPEN.clear()
    return index


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _overwrite(path: Path) -> None:
    path.write_bytes(b"\x5a" * path.stat().st_size)


@pytest.mark.parametrize("damage", [_cut, _overwrite])
@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_part_is_built_anew(part: str, damage: Callable[[Path], None], built: Index) -> None:
    for path in store_folder().glob(f"*/{part}"):
        damage(path)
    index = service.build()
    assert index.problems() == []
    assert index.vectors.nearest(index.dense()[7], 1)[0][0] == 7
    index.close()


@pytest.mark.parametrize("part", ["passages.sqlite", "meta.json", "chroma/chroma.sqlite3"])
def test_who_asks_gets_an_index_although_it_cannot_be_opened(part: str, built: Index) -> None:
    for path in store_folder().glob(f"*/{part}"):
        _overwrite(path)
    index = service.ready_index()
    assert len(index.passages([3])) == 1
    index.close()


def test_damage_that_a_question_meets_is_said_with_what_to_run(built: Index) -> None:
    index = service.build()
    _overwrite(index.folder / "passages.sqlite")
    with pytest.raises(ToolFailed, match=r"damaged .*knowledge build"):
        index.passages(range(60))
    index.close()
