"""The picture of the risk estimates."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence


def risk_svg(rows: Sequence[tuple[str, float]], axis: str) -> str:
    """Horizontal bars of `rows` (label, percent) as SVG text. The same rows give the same text.

    Args:
        axis: label of the axis, which runs from 0 to a little over the largest value.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings = {"svg.fonttype": "none", "svg.hashsalt": "consilium", "font.family": "sans-serif", "font.size": 8}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(6.6, 0.55 + 0.34 * len(rows)))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.47, 0.36 / (0.55 + 0.34 * len(rows)), 0.5, 1 - 0.42 / (0.55 + 0.34 * len(rows))))
        places = range(len(rows) - 1, -1, -1)
        values = [value for _, value in rows]
        axes.barh(list(places), values, height=0.55, color="#31688e")
        top = min(100.0, max(values) * 1.2) or 1.0
        axes.set_xlim(0, top)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_yticks(list(places), [_shortened(label) for label, _ in rows])
        for place, value in zip(places, values, strict=True):
            axes.annotate(f"{value:.3g}", (value, place), (3, 0), textcoords="offset points", va="center")
        axes.set_xlabel(axis)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return written.getvalue()


def _shortened(label: str, most: int = 46) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
