"""Pictures of explanations as SVG text, for the report and the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from tools.risk.explain import Explanation, SweepPoint

_UP, _DOWN, _INK = "#b5482a", "#2a6fb5", "#222222"


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Any) -> str:
    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "consilium", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def contributions_svg(explanation: Explanation) -> str:
    """Bars of what each input adds to or takes from the result of the reference patient (result scale)."""
    rows = list(reversed(explanation.contributions))
    figure, axes = _figure(7, 1.2 + 0.34 * max(len(rows), 1))
    values = [row.on_result_scale for row in rows]
    axes.barh([row.label for row in rows], values, color=[_UP if v > 0 else _DOWN for v in values])
    axes.axvline(0, color=_INK, linewidth=0.8)
    axes.set_xlabel(f"change of: {explanation.output}")
    axes.set_title(f"{explanation.reference_result:.1f} (reference) to {explanation.result:.1f}", fontsize=10)
    return _svg(figure)


def sweep_svg(points: Sequence[SweepPoint], label: str, result: str, now: float | None = None) -> str:
    """The result over the range of one input, with the present value marked."""
    figure, axes = _figure(6, 3.4)
    axes.plot([p.value for p in points], [p.result for p in points], color=_DOWN)
    if now is not None:
        axes.axvline(now, color=_UP, linestyle="--", linewidth=1)
    axes.set_xlabel(label)
    axes.set_ylabel(result)
    return _svg(figure)


def before_after_svg(before: float, after: float, label: str, change: str) -> str:
    """Two bars: the result now, and with the change."""
    figure, axes = _figure(5, 2.2)
    axes.barh([change, "now"], [after, before], color=[_DOWN if after < before else _UP, "#888888"])
    axes.set_xlabel(label)
    return _svg(figure)
