"""Runs one small case from start to signature in a process that a test may kill at any moment.

python -m tests.durability.driver CASE_FOLDER  works on the newest run under CONSILIUM_HOME, or starts one.
"""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path

from agent.service import Consilium
from knowledge.facts import Fact
from tools import registry
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult


class _Any(registry.Arguments):
    model_config = registry.Arguments.model_config | {"extra": "ignore"}


class _Empty(Record):
    pass


def _tool(name: str, diameter_mm: float) -> registry.ToolSpec[_Any]:
    def run(context: registry.ToolContext, _: _Any) -> ToolResult:
        context.artifacts.write(f"{name}.ran", b"x")
        time.sleep(0.02)
        evidence = Evidence(
            kind="risk_estimate",
            claim=f"The test tool {name} measured {diameter_mm:g} mm.",
            facts=(Fact(name="nodule.longest_diameter", value=diameter_mm, unit="mm"),),
            locator=Calculation(model=name),
            provenance=Provenance(tool=name, tool_version="1"),
        )
        return ToolResult(payload=_Empty(), evidence=(evidence,))

    return registry.ToolSpec(name, "1", f"The test tool {name}.", _Any, _Empty, run)


def install() -> None:
    """Put small tools with the names of the protocol's tools into the registry."""
    module = types.ModuleType("consilium_durability_tools")
    sizes = {"segment_lesion": 11.0, "predict_risk": 12.0, "differential": 13.0, "search_guidelines": 14.0}
    for name, size in sizes.items():
        setattr(module, name, _tool(name, size))
    sys.modules[module.__name__] = module
    registry.TOOLS = {name: f"{module.__name__}:{name}" for name in sizes}


def main(folder: Path) -> None:
    """Start or go on, then sign; prints the run's id once it is accepted and its draft hash at the end."""
    install()
    consilium = Consilium()
    runs = consilium.store.runs()
    run_id = runs[0].id if runs else consilium.start(folder).id
    sys.stdout.write(f"accepted {run_id}\n")
    sys.stdout.flush()
    list(consilium.work(run_id))
    report = consilium.report(run_id)
    if report.state == "preliminary":
        decisions = [{"index": i, "action": "accept"} for i in range(len(report.draft.statements))]
        report = consilium.sign(run_id, decisions, "Dr Example")
    sys.stdout.write(f"signed {report.draft.hash}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
