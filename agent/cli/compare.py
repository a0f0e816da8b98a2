"""`consilium compare`: one lesion at two time points."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.common import new_app, out, print_json
from knowledge.errors import BadInput, ToolRetry

app = new_app()


@app.command()
def compare(
    baseline: Annotated[Path, typer.Argument(help="measurements.json of the first scan, from `consilium segment`.")],
    followup: Annotated[Path, typer.Argument(help="measurements.json of the later scan.")],
    baseline_date: Annotated[str | None, typer.Option(help="Date of the first scan, YYYY-MM-DD.")] = None,
    followup_date: Annotated[str | None, typer.Option(help="Date of the later scan, YYYY-MM-DD.")] = None,
    nadir: Annotated[float | None, typer.Option(help="Smallest sum of diameters on study, mm.")] = None,
    new_lesions: Annotated[bool, typer.Option("--new-lesions", help="The later scan shows a new lesion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare target lesions in the same order: RECIST 1.1 response, volume change, doubling time."""
    from tools.imaging import recist

    before, after = (_targets(path) for path in (baseline, followup))
    found = recist.compare(before, after, _date(baseline_date), _date(followup_date), nadir, new_lesions)
    if as_json:
        print_json(found)
        return
    out.print(recist.sentence(found), markup=False)
    for note in found.notes:
        out.print(f"Note: {note}", markup=False)


def _targets(path: Path) -> list[Any]:
    from tools.imaging.recist import TargetLesion

    accepted = "measurements.json written by `consilium segment`"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        reports = [item["report"]["measurements"] for item in data["lesions"]]
        return [TargetLesion(diameter_mm=m["diameters"]["longest_mm"], volume_mm3=m["volume_mm3"]) for m in reports]
    except (OSError, UnicodeDecodeError):
        raise BadInput(path.name, "the file", "it cannot be read", accepted) from None
    except (ValueError, KeyError, TypeError):
        raise BadInput(path.name, "lesions", "it does not hold measured lesions", accepted) from None


def _date(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ToolRetry("A date is written YYYY-MM-DD.") from None
