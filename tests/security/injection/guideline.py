"""A guideline as a PDF with planted instructions, read by the real reader, and a search that finds all of it."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Sequence
from pathlib import Path

import pytest

from knowledge.ingest.library import Description, add_document, document_passages
from tools import registry
from tools.documents import LIMITED_READER
from tools.evidence import Evidence, ToolResult
from tools.guidelines.search import SPEC, SearchArguments, SearchPayload, passage_evidence


def _pdf(path: Path, lines: Sequence[str]) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with mpl.rc_context({"pdf.fonttype": 42, "text.parse_math": False}), PdfPages(path) as out:
        for start in range(0, len(lines), 8):
            figure = Figure(figsize=(30, 8))
            figure.text(0.02, 0.92, f"Chapter {start // 8 + 1}: dosing", fontsize=18)
            for row, line in enumerate(lines[start : start + 8]):
                figure.text(0.02, 0.8 - 0.08 * row, f"Advice {start + row}: {line} End.", fontsize=9)
            out.savefig(figure)


def _as_evidence(folder: Path, lines: Sequence[str]) -> list[Evidence]:
    file = folder / "guideline.pdf"
    _pdf(file, lines)
    about = Description(title="Planted guideline", licence="test")
    document = add_document(file, about, LIMITED_READER).document
    return [passage_evidence(item, "en", "1", 0.0) for item in document_passages(document.id)]


def planted_search(monkeypatch: pytest.MonkeyPatch, folder: Path, lines: Sequence[str]) -> None:
    """Put a guideline with `lines` (if any) into the library; `search_guidelines` then finds each passage of it."""
    monkeypatch.setenv("CONSILIUM_HOME", str(folder / "home"))
    folder.mkdir(parents=True, exist_ok=True)
    found = _as_evidence(folder, lines) if lines else []

    def run(_: registry.ToolContext, asked: SearchArguments) -> ToolResult:
        payload = SearchPayload(query=asked.query, passages=(), searched=len(found))
        return ToolResult(payload=payload, evidence=tuple(found))

    module = types.ModuleType("consilium_planted_search")
    module.SPEC = dataclasses.replace(SPEC, run=run)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    tools = {**registry.TOOLS, "search_guidelines": f"{module.__name__}:SPEC"}
    monkeypatch.setattr(registry, "TOOLS", tools)
