"""`consilium compare`: the same lesions at two time points."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from agent.cli.common import new_app, out, print_json
from knowledge.errors import BadInput, ToolRetry

if TYPE_CHECKING:
    from tools.imaging.recist import TargetLesion

app = new_app()


@app.command()
def compare(
    baseline: Annotated[Path, typer.Argument(help="measurements.json of the first scan, from `consilium segment`.")],
    followup: Annotated[Path, typer.Argument(help="measurements.json of the later scan.")],
    baseline_date: Annotated[str | None, typer.Option(help="Date of the first scan, YYYY-MM-DD.")] = None,
    followup_date: Annotated[str | None, typer.Option(help="Date of the later scan, YYYY-MM-DD.")] = None,
    nadir: Annotated[float | None, typer.Option(help="Smallest sum of diameters on study, mm.")] = None,
    new_lesions: Annotated[bool, typer.Option("--new-lesions", help="The later scan shows a new lesion.")] = False,
    nodes: Annotated[
        str | None, typer.Option(help="Numbers of the lesions that are lymph nodes (short axis counts): 2,3.")
    ] = None,
    gone: Annotated[
        str | None, typer.Option(help="Numbers of the lesions of the first scan that the later one no longer shows.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare target lesions in the same order: RECIST 1.1 response, volume change, doubling time."""
    from tools.imaging import recist

    first, later = _measured(baseline), _measured(followup)
    are_nodes = _numbers(nodes, "--nodes", len(first.lesions))
    before = first.targets(are_nodes)
    missing = _numbers(gone, "--gone", len(before))
    after = later.targets(are_nodes, missing)
    dates = _date(baseline_date) or first.acquired, _date(followup_date) or later.acquired
    found = recist.compare(before, after, *dates, nadir, new_lesions)
    if as_json:
        print_json(found)
        return
    out.print(recist.sentence(found), markup=False)
    for note in found.notes:
        out.print(f"Note: {note}", markup=False)


class Measured(NamedTuple):
    """What `measurements.json` says of the lesions of one scan."""

    lesions: list[dict[str, Any]]
    slice_mm: float
    acquired: dt.date | None

    def targets(self, nodes: frozenset[int], gone: frozenset[int] = frozenset()) -> list[TargetLesion]:
        """The lesions in order; those in `gone` (numbers from 1) stand in their places with a size of 0."""
        from tools.imaging.recist import TargetLesion

        made, rest = [], iter(self.lesions)
        for number in range(1, len(self.lesions) + len(gone) + 1):
            if number in gone:
                made.append(TargetLesion(diameter_mm=0, volume_mm3=0, is_node=number in nodes))
                continue
            measured = next(rest)
            made.append(
                TargetLesion(
                    diameter_mm=measured["diameters"]["short_axis_mm" if number in nodes else "longest_mm"],
                    volume_mm3=measured["volume_mm3"],
                    is_node=number in nodes,
                    slice_mm=self.slice_mm,
                )
            )
        return made


def _measured(path: Path) -> Measured:
    accepted = "measurements.json written by `consilium segment`"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        lesions = [item["report"]["measurements"] for item in data["lesions"]]
        sizes = [float(m["diameters"][key]) for m in lesions for key in ("longest_mm", "short_axis_mm")]
        if not all(math.isfinite(v) and v > 0 for v in (*sizes, *(float(m["volume_mm3"]) for m in lesions))):
            raise ValueError
        acquired = dt.date.fromisoformat(data["acquired"]) if data.get("acquired") else None
        return Measured(lesions, max(float(v) for v in data["spacing_mm"]), acquired)
    except (OSError, UnicodeDecodeError):
        raise BadInput(path.name, "the file", "it cannot be read", accepted) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(path.name, "lesions", "it does not hold measured lesions", accepted) from None


def _numbers(text: str | None, option: str, most: int) -> frozenset[int]:
    """Numbers of lesions, from 1 to `most`."""
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isdecimal() and 1 <= int(part) <= most for part in parts):
        raise ToolRetry(f"{option} takes numbers of lesions of the first scan with commas between them: 1 to {most}.")
    return frozenset(int(part) for part in parts)


def _date(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ToolRetry("A date is written YYYY-MM-DD.") from None
