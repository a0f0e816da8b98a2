"""Pictures of explanations as SVG text, for the report and the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from knowledge.facts import Fact
from knowledge.units import written_unit
from tools.risk.compute import Estimate, OutputValue
from tools.risk.explain import Explanation, Sweep
from tools.risk.sentences import change_text

_UP, _DOWN, _BEFORE, _INK = "#b5482a", "#2a6fb5", "#8a8a8a", "#222222"
_MOST_INPUTS = 9


def _figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure and its axes."""
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


def sweep_svg(sweep: Sweep) -> str:
    """The result over the range of one input, with the present value marked; bars where the input is a choice."""
    figure, axes = _figure(6, 3.4)
    _sweep_panel(axes, sweep, None)
    return _svg(figure)


def _sweep_panel(axes: Any, sweep: Sweep, to: float | None) -> None:
    results = [point.result for point in sweep.points]
    if any(name.isalpha() or "_" in name for name in sweep.names):
        marked = {sweep.now: _BEFORE, to: _UP}
        axes.bar(sweep.names, results, color=[marked.get(point.value, _DOWN) for point in sweep.points])
        axes.tick_params(axis="x", rotation=30)
    else:
        axes.plot([point.value for point in sweep.points], results, color=_DOWN)
        axes.axvline(sweep.now, color=_BEFORE, linestyle="--", linewidth=1, label="now")
        if to is not None:
            axes.axvline(to, color=_UP, linestyle="--", linewidth=1, label="with the change")
        axes.legend(fontsize=7, frameon=False)
    axes.set_xlabel(sweep.label, fontsize=8)
    axes.set_ylabel(_folded(sweep.result), fontsize=8)


def what_if_svg(
    before: Estimate,
    after: Estimate,
    changes: Sequence[Fact],
    explained: tuple[Explanation, Explanation] | None = None,
    sweep: Sweep | None = None,
    to: float | None = None,
) -> str:
    """Each result now and with the changes; what each input contributes to the main one in both; its sweep.

    Args:
        explained: contributions without and with the changes.
        sweep: the main result over the range of the one input that was changed, to the value `to`.
    """
    from matplotlib.figure import Figure

    later = {output.key: output for output in after.outputs}
    pairs = [(one, later[one.key]) for one in before.outputs if one.shown is not None and one.key in later]
    units = list(dict.fromkeys(one.unit for one, _ in pairs))
    groups = [[pair for pair in pairs if pair[0].unit == unit] for unit in units]
    both = _in_both(*explained) if explained is not None else []
    heights = [0.5 + 0.55 * len(group) for group in groups]
    heights += [0.9 + 0.42 * len(both)] if both else []
    heights += [2.8] if sweep is not None else []
    figure = Figure(figsize=(7, 0.4 + sum(heights)), layout="constrained")
    panels = list(figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0])
    for group in groups:
        _results_panel(panels.pop(0), group)
    if both and explained is not None:
        _contributions_panel(panels.pop(0), both, explained[0])
    if sweep is not None:
        _sweep_panel(panels.pop(0), sweep, to)
    figure.suptitle(", ".join(change_text(fact) for fact in changes), fontsize=10)
    return _svg(figure)


def _results_panel(axes: Any, pairs: Sequence[tuple[OutputValue, OutputValue]]) -> None:
    """Two bars for each result: now above, with the changes below."""
    unit = written_unit(pairs[0][0].unit)
    for place, (one, then) in enumerate(reversed(pairs)):
        values = (then.shown or 0.0, one.shown or 0.0)
        colours = (_DOWN if values[0] < values[1] else _UP, _BEFORE)
        bars = axes.barh([place - 0.18, place + 0.18], values, height=0.34, color=colours)
        axes.bar_label(bars, labels=[f" {values[0]:g} with the changes", f" {values[1]:g} now"], fontsize=8)
    axes.set_yticks(range(len(pairs)), [_folded(one.title) for one, _ in reversed(pairs)], fontsize=8)
    axes.margins(x=0.3)
    axes.set_xlabel(unit, fontsize=8)


_Pair = tuple[str, float, float]


def _in_both(now: Explanation, then: Explanation) -> list[_Pair]:
    """Label and contributions without and with the changes, on the scale of the result, largest first."""
    first = {row.label: row.on_result_scale for row in now.contributions}
    second = {row.label: row.on_result_scale for row in then.contributions}
    rows = [(label, first.get(label, 0.0), second.get(label, 0.0)) for label in {**first, **second}]
    rows.sort(key=lambda row: -max(abs(row[1]), abs(row[2])))
    rest = rows[_MOST_INPUTS:]
    others = [(f"{len(rest)} others", sum(r[1] for r in rest), sum(r[2] for r in rest))] if rest else []
    return [*rows[:_MOST_INPUTS], *others]


def _contributions_panel(axes: Any, rows: Sequence[_Pair], now: Explanation) -> None:
    for place, (_, first, second) in enumerate(reversed(rows)):
        axes.barh([place + 0.18], [first], height=0.34, color=_BEFORE)
        axes.barh([place - 0.18], [second], height=0.34, color=_DOWN if second < first else _UP)
    axes.set_yticks(range(len(rows)), [_folded(label) for label, _, _ in reversed(rows)], fontsize=8)
    axes.axvline(0, color=_INK, linewidth=0.8)
    axes.set_xlabel(
        f"what each input adds to the reference patient's {now.reference_result:.3g}: now (grey) and with the changes",
        fontsize=8,
    )


def _folded(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 34))
