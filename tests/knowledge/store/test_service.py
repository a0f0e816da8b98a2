"""The store that everybody uses, while several want it at once."""

from __future__ import annotations

import queue
import threading

import pytest

from knowledge.errors import ToolRetry
from knowledge.store import service
from knowledge.store.index import Source, passages_digest
from tests.knowledge.store.words import passages

pytestmark = pytest.mark.usefixtures("own_home", "word_encoder")


def source(edition, load=None):
    made = passages(30, edition)
    return Source("x", passages_digest(made), load or (lambda: made))


@pytest.fixture
def stale(monkeypatch):
    """A store of the first edition where the second is wanted; the key of the first."""
    monkeypatch.setattr(service, "_OPEN", {})
    monkeypatch.setattr(service, "sources", lambda: [source(1)])
    key = service.build().key
    monkeypatch.setattr(service, "sources", lambda: [source(2)])
    return key


def test_one_reader_builds_and_the_others_are_served_the_old_index_meanwhile(stale, monkeypatch):
    others_served, written, write = threading.Event(), [], service.write_generation

    def held_up(*given, **named):
        written.append(others_served.wait(60))
        write(*given, **named)

    monkeypatch.setattr(service, "write_generation", held_up)
    served, start = queue.Queue(), threading.Barrier(6)

    def read():
        start.wait()
        served.put(service.ready_index().key)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    assert [served.get(timeout=50) for _ in range(5)] == [stale] * 5
    others_served.set()
    assert served.get(timeout=50) != stale
    for reader in readers:
        reader.join(50)
    assert written == [True]


def test_a_document_that_goes_while_the_index_is_built_does_not_stop_the_build(stale, monkeypatch):
    def gone():
        monkeypatch.setattr(service, "sources", lambda: [source(3)])
        raise ToolRetry("No document has the id 'doc-000000000000'.")

    monkeypatch.setattr(service, "sources", lambda: [source(2, gone)])
    index = service.ready_index()
    assert index.key != stale
    assert "edition3" in index.passages([0])[0].text


def test_a_document_that_cannot_be_read_at_all_is_told(stale, monkeypatch):
    def gone():
        raise ToolRetry("No document has the id 'doc-000000000000'.")

    monkeypatch.setattr(service, "sources", lambda: [source(2, gone)])
    with pytest.raises(ToolRetry, match="No document"):
        service.build()
