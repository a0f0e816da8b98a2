"""`consilium biomarkers`: statistics of measured markers against an outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, new_app, out, output_folder, print_json, print_table
from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from tools.biomarkers.selection import Stability
    from tools.biomarkers.table import MarkerTable
    from tools.biomarkers.univariate import MarkerTest

app = new_app()
SHOWN = 20
LONGEST_NAME = 24


@app.command()
def biomarkers(
    file: Annotated[Path, typer.Argument(help="CSV or TSV: one row a subject, markers as columns.")],
    outcome: Annotated[str, typer.Option(help="Column of the outcome: two groups, or a number.")],
    ignore: Annotated[str, typer.Option(help="Columns that are no markers, with commas between.")] = "",
    out_dir: Annotated[Path | None, typer.Option("--out", help="Folder for volcano.png and markers.tsv.")] = None,
    pairs: Annotated[int, typer.Option(min=10, max=500, help="Pairs of halves for stability selection.")] = 50,
    threshold: Annotated[float, typer.Option(help="Share of halves from which a marker is kept.")] = 0.75,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Test every marker with correction, draw a volcano plot, and select markers that stay chosen."""
    from tools.biomarkers.plots import volcano
    from tools.biomarkers.selection import stability_selection
    from tools.biomarkers.table import read_markers
    from tools.biomarkers.univariate import univariate

    if not 0.5 < threshold <= 1:
        raise ToolRetry("--threshold has to be above 0.5 and at most 1.")
    table = read_markers(file, outcome, [part.strip() for part in ignore.split(",") if part.strip()])
    tests = univariate(table)
    stable = stability_selection(table, tuple(test.name for test in tests), pairs, threshold)
    if out_dir is not None:
        _write(out_dir, tests, volcano(tests, table.kind == "binary"))
    if as_json:
        print_json(_as_json(table, tests, stable))
    else:
        _print(table, tests, stable, outcome)


def _write(folder: Path, tests: Sequence[MarkerTest], picture: bytes) -> None:
    """The volcano plot and the table of all tests."""
    from tools.biomarkers.univariate import MarkerTest

    output_folder(folder)
    (folder / "volcano.png").write_bytes(picture)
    lines = ["\t".join(MarkerTest._fields), *("\t".join(map(str, test)) for test in tests)]
    (folder / "markers.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _as_json(table: MarkerTable, tests: Sequence[MarkerTest], stable: Stability) -> dict[str, Any]:
    return {
        "subjects": len(table.outcome), "kind": table.kind, "groups": table.groups,
        "tests": [{key: _finite(value) for key, value in test._asdict().items()} for test in tests],
        "selected": [{"name": name, "share": share} for name, share in stable.kept()],
        "expected_false_at_most": stable.expected_false, "prescreened": stable.prescreened,
        "moving_together": [{"names": names, "share": share} for names, share in stable.groups],
        "left_out": [{"column": name, "reason": reason} for name, reason in table.left_out],
        "no_numbers": [{"column": name, "cells": cells, "first": first} for name, cells, first in table.unread],
        "without_outcome": table.without_outcome,
    }  # fmt: skip


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(table: MarkerTable, tests: Sequence[MarkerTest], stable: Stability, outcome: str) -> None:
    groups = f"; {outcome}: {table.groups[1]} against {table.groups[0]}" if table.groups else f"; {outcome}"
    binary = table.kind == "binary"
    print_table(
        ("marker", "Hedges' g" if binary else "rank corr.", "95 % interval", *(["AUROC"] if binary else []), "p", "q",
         "measured"),
        [
            (_short(t.name), f"{t.effect:+.2f}", "" if math.isnan(t.low) else f"{t.low:+.2f} to {t.high:+.2f}",
             *([f"{t.auroc:.2f}"] if binary else []), f"{t.p:.2g}", f"{t.q:.2g}", t.subjects)
            for t in tests[:SHOWN]
        ],
        title=f"{len(table.outcome)} subjects, {len(tests)} markers{groups}",
    )  # fmt: skip
    chosen = ", ".join(f"{name} ({share:.0%})" for name, share in stable.kept()) or "none"
    out.print(
        f"Stability selection keeps (chosen in the share of halves): {chosen}. "
        f"Expected falsely kept at most {stable.expected_false:.2g}.", markup=False,
    )  # fmt: skip
    for names, share in stable.groups:
        out.print(
            f"Move together, one of them chosen in {share:.0%}: {', '.join(names[:12])}; which of them matters is not "
            "told by this table.", markup=False,
        )  # fmt: skip
    _print_limits(table, tests, stable)


def _print_limits(table: MarkerTable, tests: Sequence[MarkerTest], stable: Stability) -> None:
    """What was left out, and what looks too good."""
    for test in tests:
        if test.auroc in (0.0, 1.0):
            err.print(
                f"{test.name} alone parts the groups without error: check that it is not the outcome under another "
                "name.", markup=False,
            )  # fmt: skip
    if stable.prescreened:
        err.print("Only the markers with the smallest p-values went into the selection; the bound holds for them only.")
    for name, count, first in table.unread:
        noun = "cell is no number and counts" if count == 1 else "cells are no numbers and count"
        err.print(f"{name}: {count} {noun} as not measured: {first[:30]}.", markup=False)
    for name, reason in table.left_out:
        err.print(f"Left out: {name}: {reason}.", markup=False)
    if table.without_outcome:
        err.print(f"{table.without_outcome} subjects have no outcome and were left out.")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
