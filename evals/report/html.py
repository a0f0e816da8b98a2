"""One HTML page that sets runs beside each other: a plot with intervals, a table, and every case that differs."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from evals.report.markdown import PUBLISHED, shown
from evals.report.summary import Summary
from evals.scoring.case_score import SHARES, CaseScore
from knowledge.errors import BadInput

PLOTTED = ("conclusions", "completeness", "calls_required", "citation_recall", "citation_precision", "verified",
           "numbers", "answered")  # fmt: skip
COLOURS = ("#1f5fa8", "#b4480f", "#3d7a35", "#7a3d8f", "#8a6d00", "#9c2748")
FILE_FORM = "a file that `consilium eval --json` wrote"


class Run(NamedTuple):
    """A run: its summary, and its cases where they are known."""

    summary: Summary
    cases: Mapping[str, CaseScore]


def read_run(path: Path) -> Run:
    """A run from the JSON of `consilium eval --json`. Raises `BadInput` for anything else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        cases = [CaseScore.model_validate(item) for item in body["cases"]]
        return Run(Summary.model_validate(body["summary"]), {item.case_id: item for item in cases})
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadInput(path.name, place, error.errors()[0]["msg"], FILE_FORM) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(path.name, "the whole file", f"it is no run ({type(error).__name__})", FILE_FORM) from None


def comparison_page(runs: Sequence[Run]) -> str:
    """The whole page, self-contained and without script. The first run is the one that the others are set beside."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    names = [f"{run.summary.model}, {run.summary.date}" for run in runs]
    return environment.get_template("compare.html.j2").render(
        runs=[{"name": name, "summary": run.summary, "colour": _colour(i)}
              for i, (name, run) in enumerate(zip(names, runs, strict=True))],
        plot=forest(runs, names),
        dimensions=list(_dimensions(runs)),
        cases=list(_cases(runs)),
        known=[name for name, run in zip(names, runs, strict=True) if run.cases],
    )  # fmt: skip


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _dimensions(runs: Sequence[Run]) -> Any:
    yield {"name": "cases all right", "about": "every expectation met, no harm", "published": "",
           "cells": [shown(run.summary.correct_share) for run in runs]}  # fmt: skip
    for name, about in SHARES.items():
        published = f"{100 * PUBLISHED[name]:.1f} %" if name in PUBLISHED else ""
        cells = [shown(run.summary.shares[name]) if name in run.summary.shares else "" for run in runs]
        yield {"name": name.replace("_", " "), "about": about, "published": published, "cells": cells}


def _cases(runs: Sequence[Run]) -> Any:
    """Cases that are not right in every run, with what was not met; those that differ first."""
    known = [run.cases for run in runs if run.cases]
    rows = []
    for name in dict.fromkeys(name for cases in known for name in cases):
        marks = [_mark(cases.get(name)) for cases in known]
        if set(marks) != {"right"}:
            lost = dict.fromkeys(text for cases in known if name in cases for text in _lost(cases[name]))
            rows.append({"name": name, "marks": marks, "lost": list(lost)[:6]})
    return sorted(rows, key=lambda row: (len(set(row["marks"])) == 1, row["name"]))


def _mark(case: CaseScore | None) -> str:
    if case is None:
        return "not run"
    if case.error is not None:
        return "did not end"
    return "harm" if case.harms else "right" if case.correct else "not right"


def _lost(case: CaseScore) -> list[str]:
    made = [f"harm: {harm.text[:160]}" for harm in case.harms] + ([case.error] if case.error else [])
    return made + [f"{item.role} {item.check}"[:200] for item in case.judged if not item.met]


def forest(runs: Sequence[Run], names: Sequence[str]) -> str:
    """Shares with their 95 % intervals as SVG, one colour and marker a run."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 0.9 + len(PLOTTED) * (0.26 + 0.2 * len(runs))))
    axes = figure.subplots()
    step = 0.8 / max(len(runs), 1)
    for place, (run, name) in enumerate(zip(runs, names, strict=True)):
        found = [(row, run.summary.shares[key]) for row, key in enumerate(PLOTTED) if key in run.summary.shares]
        kept = [(row, e.value, e.low, e.high) for row, e in found
                if e.value is not None and e.low is not None and e.high is not None]  # fmt: skip
        heights = [row - 0.4 + step * (place + 0.5) for row, *_ in kept]
        values = [100 * value for _, value, _, _ in kept]
        spread = [
            [max(0.0, 100 * (v - low)) for _, v, low, _ in kept],
            [max(0.0, 100 * (h - v)) for _, v, _, h in kept],
        ]
        axes.errorbar(values, heights, xerr=spread, fmt="osD^vP"[place % 6], color=_colour(place), label=name,
                      capsize=3, markersize=5, linewidth=1.4)  # fmt: skip
    axes.set_yticks(range(len(PLOTTED)), [name.replace("_", " ") for name in PLOTTED])
    axes.invert_yaxis()
    axes.set_xlabel("% (95 % interval)")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False, fontsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    target = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "consilium"}):
        figure.savefig(target, format="svg", bbox_inches="tight", transparent=True, metadata={"Date": None})
    return target.getvalue()[target.getvalue().index("<svg") :]
