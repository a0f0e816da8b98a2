"""Sentences and facts about a measured lesion. Every number in a sentence is a fact, to the digit."""

from __future__ import annotations

import datetime as dt

from knowledge.facts import Fact
from tools.imaging.study import NODULE_LIMIT_MM, LesionReport

_MM3_LIMIT = 1000.0


def _quantity(name: str, value: float, unit: str, at: dt.date | None) -> Fact:
    return Fact(name=name, value=value, unit=unit, at=at)


def volume_text(mm3: float) -> tuple[float, str]:
    """A volume as it is written: mm³ under 1 mL, else mL with three digits."""
    if mm3 < _MM3_LIMIT:
        return float(round(mm3)), "mm3"
    ml = mm3 / 1000
    return (round(ml, 2) if ml < 10 else round(ml, 1) if ml < 100 else float(round(ml))), "mL"


def _number(value: float) -> str:
    return f"{value:.10g}"


def kind_of(report: LesionReport) -> str:
    """`nodule` or `mass` in a lung (3 cm divides them), else `lesion`."""
    if report.organ != "lung":
        return "lesion"
    return "nodule" if report.measurements.diameters.longest_mm <= NODULE_LIMIT_MM else "mass"


def claim(report: LesionReport, modality: str, on: str | None = None) -> str:
    """The finding in one sentence. `on` names the scan where the case holds several (`scan_named`)."""
    m = report.measurements
    density = report.density if kind_of(report) == "nodule" else None
    words = {"solid": "solid ", "ground_glass": "ground-glass ", None: ""}[density]
    place = f"in the {report.third} third of the {report.side} lung" if report.organ == "lung" else f"on {modality}"
    volume, unit = volume_text(m.volume_mm3)
    shown = {"mm3": "mm³", "mL": "mL"}[unit]
    text = (
        f"{f'On {on}, a' if on else 'A'} {words}{kind_of(report)} {place} measures {m.diameters.longest_mm:.1f} × "
        f"{m.diameters.short_axis_mm:.1f} mm in the {m.diameters.plane} plane (longest diameter × short axis), "
        f"with a volume of {_number(volume)} {shown}"
    )
    if _is_telling(report) and report.volume_low_mm3 is not None and report.volume_high_mm3 is not None:
        low, high = (_as(v, unit) for v in (report.volume_low_mm3, report.volume_high_mm3))
        text += f" ({_number(report.interval_level_percent or 0)} % interval {_number(low)} to {_number(high)} {shown})"
    if report.confidence is not None and report.low_confidence:
        text += f"; confidence in this outline is low ({round(100 * report.confidence)} %)"
    return text + "."


def scan_named(modality: str, acquired: dt.date | None) -> str:
    """A scan among several, by its day."""
    return f"the {modality} of {acquired.isoformat()}" if acquired else f"an undated {modality}"


def _is_telling(report: LesionReport) -> bool:
    """Whether the volume interval is narrow enough to be worth a place in the sentence (a factor of 10 in all)."""
    low, high = report.volume_low_mm3, report.volume_high_mm3
    return low is not None and high is not None and high <= 10 * low


def _as(mm3: float, unit: str) -> float:
    value = mm3 if unit == "mm3" else mm3 / 1000
    return float(f"{value:.3g}")


def lesion_facts(report: LesionReport, modality: str, at: dt.date | None) -> list[Fact]:
    """Item-scope facts of one lesion."""
    m = report.measurements
    volume, unit = volume_text(m.volume_mm3)
    made = [
        _quantity("lesion.longest_diameter", round(m.diameters.longest_mm, 1), "mm", at),
        _quantity("lesion.short_axis", round(m.diameters.short_axis_mm, 1), "mm", at),
        _quantity("lesion.mean_diameter", round(m.mean_diameter_mm, 1), "mm", at),
        _quantity("lesion.diameter_3d", round(m.diameter_3d_mm, 1), "mm", at),
        _quantity("lesion.volume", volume, unit, at),
        Fact(name="lesion.plane", value=m.diameters.plane, at=at),
    ]
    if m.sphericity == m.sphericity:
        made.append(_quantity("lesion.sphericity", round(min(m.sphericity, 1.0), 2), "1", at))
    if modality == "CT":
        made.append(_quantity("lesion.mean_attenuation", float(round(m.intensity.mean)), "[hnsf'U]", at))
    if report.volume_low_mm3 is not None and report.volume_high_mm3 is not None:
        made.append(_quantity("lesion.volume_low", _as(report.volume_low_mm3, unit), unit, at))
        made.append(_quantity("lesion.volume_high", _as(report.volume_high_mm3, unit), unit, at))
        made.append(_quantity("lesion.interval_level", report.interval_level_percent or 0.0, "%", at))
    if report.confidence is not None:
        made.append(_quantity("lesion.confidence", float(round(100 * report.confidence)), "%", at))
    if report.low_confidence:
        made.append(Fact(name="lesion.outline_uncertain", value=True, at=at))
    if report.detection_score is not None:
        made.append(_quantity("lesion.detection_score", round(report.detection_score, 2), "1", at))
    return made + _place_facts(report, at)


def _place_facts(report: LesionReport, at: dt.date | None) -> list[Fact]:
    made = []
    codes = {"organ": "organ", "side": "side", "third": "lung_third", "density": "density"}
    for attribute, name in codes.items():
        value = getattr(report, attribute)
        if value is not None:
            made.append(Fact(name=f"lesion.{name}", value=value, at=at))
    if report.pleura_mm is not None:
        made.append(_quantity("lesion.pleura_distance", round(report.pleura_mm, 1), "mm", at))
    return made


def nodule_facts(report: LesionReport, at: dt.date | None) -> list[Fact]:
    """Patient-scope facts of the dominant lung nodule; a mass only gives `finding.lung_mass`."""
    kind = kind_of(report)
    if kind == "mass":
        return [Fact(name="finding.lung_mass", value=True, at=at)]
    if kind != "nodule":
        return []
    m = report.measurements
    made = [
        _quantity("nodule.longest_diameter", round(m.diameters.longest_mm, 1), "mm", at),
        _quantity("nodule.mean_diameter", round(m.mean_diameter_mm, 1), "mm", at),
        _quantity("nodule.volume", float(round(m.volume_mm3, 1)), "mm3", at),
    ]
    if report.density is not None:
        made.append(Fact(name="nodule.density", value=report.density, at=at))
    return made
