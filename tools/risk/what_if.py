"""The picture of a what-if: results before and after, contributions in both, and the sweep of what was changed."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.errors import ToolFailed
from knowledge.factbook import FactBook
from knowledge.facts import Fact, vocabulary
from tools.risk.compute import Estimate
from tools.risk.explain import Explanation, Sweep, explain, run_over
from tools.risk.model import RiskModel
from tools.risk.resolve import Resolution, resolve


def picture(model: RiskModel, before: Estimate, after: Estimate, facts: FactBook, changed: FactBook,
            changes: Sequence[Fact]) -> str | None:  # fmt: skip
    """SVG text; None where the main result is no number, before or after."""
    from tools.risk.plots import what_if_svg

    first, second = resolve(model, facts), resolve(model, changed)
    if not _is_number(model, before) or not _is_number(model, after):
        return None
    sweep, to = _sweep(model, first, second)
    return what_if_svg(before, after, changes, _explained(model, first, second), sweep, to)


def _is_number(model: RiskModel, one: Estimate) -> bool:
    key = model.outputs[0].key
    return any(output.key == key and output.shown is not None for output in one.outputs)


def _explained(model: RiskModel, first: Resolution, second: Resolution) -> tuple[Explanation, Explanation] | None:
    try:
        return explain(model, first), explain(model, second)
    except ToolFailed:  # too many inputs differ, or a mixed patient has no value
        return None


def _sweep(model: RiskModel, first: Resolution, second: Resolution) -> tuple[Sweep | None, float | None]:
    """The sweep of the one input that the changes reach and the value it is changed to; none of yes and no."""
    moved = [key for key, value in second.numbers.items() if first.numbers.get(key) != value]
    if len(moved) != 1 or vocabulary()[model.input(moved[0]).fact].kind == "boolean":
        return None, None
    made = run_over(model, first, moved[0])
    return (made, second.numbers[moved[0]]) if len(made.points) > 1 else (None, None)
