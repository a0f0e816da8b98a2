"""Pictures of the statistics, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tools.biomarkers.burden import GeneTest
from tools.biomarkers.univariate import MarkerTest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

_GREY, _BLUE, _RED = "#9aa0a6", "#1f5fa8", "#b3261e"


def volcano(tests: Sequence[MarkerTest], binary: bool, q_limit: float = 0.05, named: int = 12) -> bytes:
    """Effect against −log10 p; markers with q up to `q_limit` in colour, the smallest p-values named.

    A marker of infinite effect stands at the edge.
    """
    from matplotlib.figure import Figure

    height = -np.log10([max(test.p, 1e-300) for test in tests])
    effect = np.array([test.effect for test in tests])
    edge = 1.1 * np.abs(effect[np.isfinite(effect)]).max(initial=0.5)
    effect = np.clip(effect, -edge, edge)
    kept = np.array([test.q <= q_limit for test in tests])
    figure = Figure(figsize=(7, 5), dpi=120)
    axes = figure.add_subplot()
    colour = np.where(~kept, _GREY, np.where(effect > 0, _RED, _BLUE))
    axes.scatter(effect, height, c=colour, s=14, linewidths=0)
    axes.margins(x=0.15, y=0.08)
    if kept.any():
        axes.axhline(height[kept].min(), color=_GREY, linestyle="--", linewidth=0.8)
    axes.set_xlabel("Hedges' g (standard deviations)" if binary else "Spearman's rank correlation")
    axes.set_ylabel("−log10 p")
    axes.set_title(f"{int(kept.sum())} of {len(tests)} markers with q ≤ {q_limit:g}", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    shown = np.flatnonzero(kept)[:named]
    _name_points(figure, axes, [(tests[k].name[:24], float(effect[k]), float(height[k])) for k in shown])
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _name_points(figure: Figure, axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Write a name beside each point, right or left of it and above or below, where no name is yet; else none."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    taken: list[Bbox] = []
    for name, x, y in points:
        for side, lift in ((1, 3), (-1, 3), (1, -9), (-1, -9), (1, 12), (-1, 12)):
            label = axes.annotate(
                name, (x, y), xytext=(4 * side, lift), textcoords="offset points", fontsize=8, parse_math=False,
                ha="left" if side > 0 else "right",
            )  # fmt: skip
            box = label.get_window_extent(renderer)
            inside = box.x0 >= 0 and box.x1 <= figure.bbox.x1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            label.remove()


def gene_plot(tests: Sequence[GeneTest], named: int = 20) -> bytes:
    """−log10 p of the first genes as bars, and all p-values against what chance gives."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), dpi=120)
    left, right = figure.subplots(1, 2)
    first = list(tests[:named])[::-1]
    left.barh(
        range(len(first)), [-np.log10(max(test.p, 1e-300)) for test in first],
        color=[_RED if test.q <= 0.05 else _GREY for test in first],
    )  # fmt: skip
    left.set_yticks(range(len(first)), [test.gene[:20] for test in first], fontsize=7, parse_math=False)
    left.set_xlabel("−log10 p (red: q ≤ 0.05)")
    p = -np.log10([max(test.p, 1e-300) for test in tests])
    expected = -np.log10((np.arange(len(tests)) + 0.5) / max(len(tests), 1))
    right.plot(expected, p, "o", color=_BLUE, markersize=4)
    right.plot([0, expected.max(initial=1)], [0, expected.max(initial=1)], color=_GREY, linewidth=0.8)
    right.set_xlabel("−log10 p expected by chance")
    right.set_ylabel("−log10 p found")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    stream = io.BytesIO()
    figure.tight_layout()
    figure.savefig(stream, format="png")
    return stream.getvalue()
