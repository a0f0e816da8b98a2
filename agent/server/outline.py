"""Outlining on request: a click in the viewer prompts the segmenter. Nothing of it enters the draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.service import Consilium
from tools.registry import ToolContext, call_tool


def outline(consilium: Consilium, run_id: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run `segment_lesion` on a scan of the run; the mask and picture are kept with the run's own.

    Yields one event `outlined` with the evidence, the warnings and how it was asked for.
    """
    run = consilium.store.run(run_id)
    context = ToolContext(
        case=consilium.case(run.id),
        artifacts=consilium.artifacts(run.id),
        ledger=consilium.store.evidence(run.id),
        language=run.language,
    )
    result = call_tool("segment_lesion", arguments, context)
    yield {
        "event": "outlined",
        "evidence": [item.model_dump(mode="json") for item in result.evidence],
        "warnings": list(result.warnings),
    }
