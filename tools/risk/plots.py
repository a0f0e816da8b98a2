"""Pictures of explanations as SVG text, for the report and the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from knowledge.facts import Fact
from knowledge.units import written_unit
from tools.risk.compute import Estimate
from tools.risk.explain import Explanation, Sweep
from tools.risk.sentences import change_text

_UP, _DOWN, _INK = "#b5482a", "#2a6fb5", "#222222"


def _figure(width: float, height: float, rows: int = 0) -> tuple[Any, Any]:
    """A figure and its axes, a list of them where `rows` are asked for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, squeeze=False)[:, 0]) if rows else figure.subplots()


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


def sweep_svg(sweep: Sweep) -> str:
    """The result over the range of one input, with the present value marked; bars where the input is a choice."""
    figure, axes = _figure(6, 3.4)
    results = [point.result for point in sweep.points]
    if any(name.isalpha() or "_" in name for name in sweep.names):
        colours = [_UP if point.value == sweep.now else _DOWN for point in sweep.points]
        axes.bar(sweep.names, results, color=colours)
        axes.tick_params(axis="x", rotation=30)
    else:
        axes.plot([point.value for point in sweep.points], results, color=_DOWN)
        axes.axvline(sweep.now, color=_UP, linestyle="--", linewidth=1)
    axes.set_xlabel(sweep.label)
    axes.set_ylabel(sweep.result)
    return _svg(figure)


def what_if_svg(before: Estimate, after: Estimate, changes: Sequence[Fact]) -> str:
    """Two bars for each result: now, and with the changes."""
    later = {output.key: output for output in after.outputs}
    pairs = [(one, later[one.key]) for one in before.outputs if one.shown is not None and one.key in later]
    figure, rows = _figure(7, 0.9 + 0.9 * max(len(pairs), 1), max(len(pairs), 1))
    for axes, (one, then) in zip(rows, pairs, strict=False):
        values = [then.shown or 0.0, one.shown or 0.0]
        axes.barh(["with the changes", "now"], values, color=[_DOWN if values[0] < values[1] else _UP, "#888888"])
        axes.bar_label(axes.containers[0], labels=[f" {value:g}" for value in values])
        axes.margins(x=0.12)
        axes.set_xlabel(
            f"{one.title} [{written_unit(one.unit)}]" if one.unit not in ("", "1") else one.title, fontsize=8
        )
    figure.suptitle(", ".join(change_text(fact) for fact in changes), fontsize=10)
    return _svg(figure)
