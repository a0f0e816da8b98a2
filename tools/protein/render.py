"""A picture of one residue in its surroundings, as PNG: the chain, the neighbours, the old and the new side chain."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COLOURS = {"N": "#3355cc", "O": "#cc3333", "S": "#b8a000", "P": "#d07000"}
_BOND_A = 1.95
_MOST_LABELS = 12


def site_picture(drawing: dict[str, Any], title: str) -> bytes:
    """PNG of a site, seen along the direction in which its atoms spread least.

    Args:
        drawing: what `analyse` gives: `old`, `new`, `near` and `trace`, positions in Å from the alpha carbon.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    view = _view(drawing)
    figure = Figure(figsize=(7, 6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    trace = np.array(drawing["trace"]).reshape(-1, 3) @ view
    for a, b in itertools.pairwise(trace):
        if np.linalg.norm(a - b) < 4.5:
            axes.plot(*zip(a[:2], b[:2], strict=True), color="#d9d9d9", linewidth=5, solid_capstyle="round", zorder=1)
    labels = 0
    for item in sorted(drawing["near"], key=lambda n: (n["kind"] != "metal", not n["touches"])):
        points = np.array(item["positions"]).reshape(-1, 3) @ view
        strong = bool(item["touches"])
        _sticks(axes, points, item["elements"], "#8a8a8a" if strong else "#cfcfcf", 1.8 if strong else 0.8, 2)
        if item["kind"] == "metal":
            axes.scatter(points[:, 0], points[:, 1], s=140, color="#7a3fb0", zorder=6)
        if (strong or item["kind"] == "metal") and labels < _MOST_LABELS:
            centre = points.mean(axis=0)
            axes.text(centre[0], centre[1], item["label"], fontsize=7, color="#444444", zorder=8)
            labels += 1
    old = np.array(drawing["old"]["positions"]).reshape(-1, 3) @ view
    _sticks(axes, old, drawing["old"]["elements"], "#1f77b4", 4.0, 4)
    new = np.array(drawing["new"]).reshape(-1, 3) @ view
    _sticks(axes, new, ["C"] * len(new), "#ff7f0e", 3.0, 5)
    axes.plot([], [], color="#1f77b4", linewidth=4, label=f"{drawing['old']['label']} as in the structure")
    axes.plot([], [], color="#ff7f0e", linewidth=3, label="new side chain, best rotamer")
    axes.plot([-11, -6], [-11.5, -11.5], color="black", linewidth=2)
    axes.text(-8.5, -11.2, "5 Å", ha="center", fontsize=8)
    axes.set_xlim(-12, 12)
    axes.set_ylim(-12, 12)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=10)
    axes.legend(loc="upper right", fontsize=8, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _view(drawing: dict[str, Any]) -> NDArray[np.float64]:
    """Axes (3, 3) of the picture: the two directions of largest spread, then depth."""
    points = [drawing["old"]["positions"], drawing["new"]]
    points += [item["positions"] for item in drawing["near"] if item["touches"]]
    stacked = np.concatenate([np.array(p, dtype=np.float64).reshape(-1, 3) for p in points])
    _, _, axes = np.linalg.svd(stacked - stacked.mean(axis=0), full_matrices=False)
    if np.linalg.det(axes) < 0:
        axes[2] *= -1  # a picture must not show the mirror image
    return np.asarray(axes.T)


def _sticks(axes: Any, points: NDArray[np.float64], elements: list[str], colour: str, width: float, layer: int) -> None:
    for i in range(len(points)):
        for j in range(i + 1, len(points)):
            if np.linalg.norm(points[i] - points[j]) < _BOND_A:
                line = (points[i, 0], points[j, 0]), (points[i, 1], points[j, 1])
                axes.plot(*line, color=colour, linewidth=width, solid_capstyle="round", zorder=layer)
    for point, element in zip(points, elements, strict=True):
        axes.scatter(*point[:2], s=6 * width, color=_COLOURS.get(element, colour), zorder=layer + 0.5)
