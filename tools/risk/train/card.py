"""The model card and figures of a trained model."""

from __future__ import annotations

import io
from typing import Any

from tools.risk.train.store import TrainedModel


def _cell(entry: dict[str, float]) -> str:
    return f"{entry['value']:.3f} ({entry['low']:.3f} to {entry['high']:.3f})"


def _group(metrics: dict[str, dict[str, float]]) -> str:
    name, title = ("c_index", "C-index") if "c_index" in metrics else ("auroc", "AUROC")
    return f"{title} {_cell(metrics[name])}, calibration slope {_cell(metrics['calibration_slope'])}"


def card_text(model: TrainedModel, report: dict[str, Any]) -> str:
    """Data, split, metrics with intervals, limits: Markdown."""
    data = report["data"]
    names = list(next(iter(report["learners"].values()))["metrics"])
    lines = [
        f"# Model card: {model.target}",
        "",
        f"- Learner: {model.learner}, options {report['options']}",
        f"- Data: {data['file']}, {data['rows']} rows, {data['events']} events",
        f"- Features: {', '.join(data['features'])}",
        "- Split: nested cross-validation, 5 outer and 3 inner folds, stratified; rows with the same features stay "
        "in one fold. Metrics are of the outer folds, which no choice has seen.",
        "- Intervals: 95 %, bootstrap of rows.",
        *([f"- Risks are for a horizon of {model.horizon:g} (unit of the time column)"] if model.horizon else []),
        f"- SHA-256 of the arrays: {report['arrays_sha256']}",
        "",
        "| learner | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for name, entry in report["learners"].items():
        lines.append(f"| {name} | " + " | ".join(_cell(entry["metrics"][n]) for n in names) + " |")
    lines += ["", "## Left out", ""]
    lines += [f"- {name}: {why}" for name, why in data["dropped"].items()] or ["- nothing"]
    lines += [f"- {text}" for text in data["warnings"]]
    if report.get("subgroups"):
        lines += ["", "## Subgroups", ""]
        for row in report["subgroups"]:
            shown = _group(row["metrics"]) if "metrics" in row else "too few events to measure"
            lines.append(f"- {row['column']} = {row['level']}: {row['rows']} rows, {row['events']} events, {shown}")
    lines += [
        "",
        "## Limits",
        "",
        "- Validated only inside of this table. Validate it on patients of another place and time before use.",
        "- The best of several learners was chosen by its outer score, which flatters it slightly.",
    ]
    return "\n".join(lines) + "\n"


def figures(report: dict[str, Any]) -> dict[str, str]:
    """Calibration and decision curve with their intervals, as SVG text by file name."""
    from matplotlib.figure import Figure

    made = {}
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    curve = report["calibration_curve"]
    observed = [p["observed"] for p in curve]
    spread = [[p["observed"] - p["low"] for p in curve], [p["high"] - p["observed"] for p in curve]]
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
    axes.errorbar([p["predicted"] for p in curve], observed, spread, marker="o", color="#2a6fb5", capsize=2)
    axes.set_xlabel("predicted risk")
    axes.set_ylabel("observed risk")
    made["calibration.svg"] = _svg(figure)
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    rows = report["decision_curve"]
    x = [r["threshold"] for r in rows]
    axes.plot(x, [r["model"] for r in rows], color="#2a6fb5", label="model")
    axes.fill_between(x, [r["low"] for r in rows], [r["high"] for r in rows], color="#2a6fb5", alpha=0.2)
    axes.plot(x, [max(r["all"], -0.1) for r in rows], color="#999999", label="treat all")
    axes.axhline(0, color="#222222", linewidth=0.8, label="treat none")
    axes.set_xlabel("threshold")
    axes.set_ylabel("net benefit")
    axes.legend()
    made["decision_curve.svg"] = _svg(figure)
    return made


def _svg(figure: Any) -> str:
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()
