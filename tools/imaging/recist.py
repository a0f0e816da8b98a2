"""Comparison of two time points: RECIST 1.1 response of target lesions, volume change, doubling time.

RECIST 1.1: Eisenhauer 2009, doi 10.1016/j.ejca.2008.10.026, section 4.3. Doubling time: Schwartz 1961,
doi 10.1002/1097-0142(196111/12)14:6<1272::AID-CNCR2820140618>3.0.CO;2-H.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from knowledge.errors import ToolRetry

Response = Literal["complete_response", "partial_response", "stable_disease", "progressive_disease", "not_evaluable"]
# Fractions of the sum of diameters, and the absolute growth that progression needs beside the relative one.
PARTIAL_DROP, PROGRESSION_RISE, PROGRESSION_MM = 0.30, 0.20, 5.0
# Section 3.1: what is measurable at baseline. Above 5 mm between slices a lesion has to be twice as large as that.
MEASURABLE_MM, MEASURABLE_NODE_MM, THICK_SLICE_MM, THICK_SLICE_FACTOR = 10.0, 15.0, 5.0, 2.0


class TargetLesion(BaseModel):
    """A target lesion at one time point. A node is measured by its short axis, anything else by its longest
    diameter; `diameter_mm` is 0 where it has disappeared. `slice_mm` is the distance of the slices of its scan."""

    model_config = ConfigDict(frozen=True)

    diameter_mm: float
    volume_mm3: float | None = None
    is_node: bool = False
    slice_mm: float | None = None

    @property
    def is_measurable(self) -> bool:
        """Whether it may be a target lesion, if this is the baseline."""
        least = MEASURABLE_NODE_MM if self.is_node else MEASURABLE_MM
        if self.slice_mm is not None and self.slice_mm > THICK_SLICE_MM:
            least = max(least, THICK_SLICE_FACTOR * self.slice_mm)
        return self.diameter_mm >= least


class Comparison(BaseModel):
    """What changed. Percentages are of the baseline, or of the nadir for `change_from_nadir_percent`."""

    model_config = ConfigDict(frozen=True)

    baseline_sum_mm: float
    followup_sum_mm: float
    nadir_sum_mm: float
    change_percent: float
    change_from_nadir_percent: float | None
    response: Response
    days: int | None
    volume_change_percent: float | None
    doubling_time_days: float | None
    notes: tuple[str, ...]


def response(
    baseline_mm: float, followup: list[TargetLesion], nadir_mm: float | None = None, new_lesions: bool = False
) -> Response:
    """The response of target lesions.

    Complete: all non-nodal targets gone and all nodes under 10 mm. Progression: the sum is 20 % and 5 mm or more
    over the smallest sum on study, or a new lesion. Partial: 30 % or more under the baseline sum. Else stable.

    Raises:
        ToolRetry: the baseline sum is not positive.
    """
    if baseline_mm <= 0:
        raise ToolRetry("The baseline sum of diameters must be positive.")
    total = sum(item.diameter_mm for item in followup)
    smallest = min(baseline_mm, nadir_mm if nadir_mm is not None else baseline_mm)
    if new_lesions:
        return "progressive_disease"
    if followup and all(
        item.diameter_mm < MEASURABLE_MM if item.is_node else item.diameter_mm == 0 for item in followup
    ):
        return "complete_response"
    rise = total - smallest
    if rise >= PROGRESSION_MM - 1e-9 and rise >= PROGRESSION_RISE * smallest - 1e-9:
        return "progressive_disease"
    if total <= (1 - PARTIAL_DROP) * baseline_mm + 1e-9:
        return "partial_response"
    return "stable_disease"


def doubling_time_days(baseline_mm3: float, followup_mm3: float, days: float) -> float | None:
    """Days in which the volume doubles at this rate (negative: halves); None where it does not change.

    Raises:
        ToolRetry: volumes or days are not positive.
    """
    if min(baseline_mm3, followup_mm3, days) <= 0:
        raise ToolRetry("Volumes and the days between the scans must be positive.")
    growth = math.log(followup_mm3 / baseline_mm3)
    return None if abs(growth) < 1e-9 else days * math.log(2) / growth


def compare(
    baseline: list[TargetLesion],
    followup: list[TargetLesion],
    baseline_date: dt.date | None = None,
    followup_date: dt.date | None = None,
    nadir_mm: float | None = None,
    new_lesions: bool = False,
) -> Comparison:
    """Compare the same target lesions, in the same order, at two time points.

    Lesions that are not measurable at baseline are left out of the sums and the volume; where none is, everything is
    compared and the category is `not_evaluable`, or progression where there are new lesions.

    Raises:
        ToolRetry: the lists do not pair up, hold more than five lesions, or the dates are in the wrong order.
    """
    if len(baseline) != len(followup) or not 1 <= len(baseline) <= 5:
        raise ToolRetry("Give one to five target lesions, the same ones in the same order at both time points.")
    days = (followup_date - baseline_date).days if baseline_date and followup_date else None
    if days is not None and days <= 0:
        raise ToolRetry("The follow-up scan must be later than the baseline scan.")
    pairs = list(zip(baseline, followup, strict=True))
    targets = [pair for pair in pairs if pair[0].is_measurable]
    first, later = [b for b, _ in targets or pairs], [f for _, f in targets or pairs]
    before, after = sum(b.diameter_mm for b in first), sum(f.diameter_mm for f in later)
    category = response(before, later, nadir_mm, new_lesions)
    if not targets and not new_lesions:
        category = "not_evaluable"
    smallest = min(before, nadir_mm) if nadir_mm is not None else before
    change, doubling = _growth(first, later, days)
    return Comparison(
        baseline_sum_mm=before,
        followup_sum_mm=after,
        nadir_sum_mm=smallest,
        change_percent=100 * (after / before - 1),
        change_from_nadir_percent=100 * (after / smallest - 1) if smallest > 0 else None,
        response=category,
        days=days,
        volume_change_percent=change,
        doubling_time_days=doubling,
        notes=_notes(baseline),
    )


def _growth(
    baseline: list[TargetLesion], followup: list[TargetLesion], days: int | None
) -> tuple[float | None, float | None]:
    """Change of the volume in per cent and the doubling time in days, where all volumes are known."""
    first = [b.volume_mm3 for b in baseline if b.volume_mm3 is not None]
    later = [f.volume_mm3 for f in followup if f.volume_mm3 is not None]
    if len(first) + len(later) < len(baseline) + len(followup) or sum(first) <= 0:
        return None, None
    doubling = doubling_time_days(sum(first), sum(later), days) if days and sum(later) > 0 else None
    return 100 * (sum(later) / sum(first) - 1), doubling


def _notes(baseline: list[TargetLesion]) -> tuple[str, ...]:
    small = [f"{n} ({b.diameter_mm:.1f} mm)" for n, b in enumerate(baseline, start=1) if not b.is_measurable]
    if not small:
        return ()
    rule = "10 mm, nodes 15 mm in short axis, and twice the distance of slices that are more than 5 mm apart"
    named = f"Lesion {small[0]} is" if len(small) == 1 else f"Lesions {', '.join(small)} are"
    counted = "so there is no category of target lesions" if len(small) == len(baseline) else "and left out of the sum"
    return (f"{named} under the size that RECIST 1.1 takes for measurable ({rule}), {counted}.",)


def sentence(found: Comparison) -> str:
    """The comparison in one sentence."""
    name = found.response.replace("_", " ")
    text = (
        f"The sum of diameters of the target lesions went from {found.baseline_sum_mm:.1f} to "
        f"{found.followup_sum_mm:.1f} mm ({found.change_percent:+.0f} %): {name} by RECIST 1.1"
    )
    if found.volume_change_percent is not None:
        text += f"; the volume changed by {found.volume_change_percent:+.0f} %"
    if found.doubling_time_days is not None and found.doubling_time_days > 0:
        text += f", a doubling time of {found.doubling_time_days:.0f} days"
    return text + "."
