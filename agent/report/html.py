"""The report as one HTML file: no script, no outside request, everything escaped, good to print."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agent.draft import Report
from agent.report.data import is_synthetic
from agent.report.plot import risk_svg
from agent.report.tables import RiskRow, risk_rows, variant_rows
from agent.report.view import Source, View, build_view
from knowledge.errors import ConsiliumError
from tools.artifacts import Artifacts
from tools.case import Case
from tools.evidence import ImageRegion

TEMPLATES = Path(__file__).parent / "templates"
MAX_PICTURE_BYTES = 4_000_000
_POLICY = "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
_PNG, _SVG = b"\x89PNG\r\n\x1a\n", b"<?xml"


@dataclass(frozen=True)
class Figure:
    """A picture of a finding as a data URI, or None where it is not stored."""

    source: Source
    caption: str
    uri: str | None


def render_html(report: Report, case: Case, artifacts: Artifacts) -> str:
    """The report as self-contained HTML.

    Every text is escaped. The page carries a content security policy that allows its own style sheet and pictures
    in data URIs, and nothing else. Each citation links to the evidence, and each piece of evidence back.
    """
    view = build_view(report, case)
    risks = risk_rows(view)
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            report=report,
            case=case,
            draft=report.draft,
            t=view.texts,
            signature=report.review.signature if report.review else None,
            synthetic=is_synthetic(view),
            style=Markup(style),  # noqa: S704 - our own file
            policy=_POLICY.format(digest=digest),
            figures=_figures(view, artifacts),
            plot=_plot(view, risks),
            what_ifs=_what_ifs(view, artifacts),
            variants=variant_rows(view),
            risks=risks,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = _moment
    return made


def _moment(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _figures(view: View, artifacts: Artifacts) -> list[Figure]:
    found = []
    for source in view.sources:
        place = source.evidence.locator
        if isinstance(place, ImageRegion) and source.cited_in and place.picture:
            x0, y0, z0, x1, y1, z1 = place.box_voxels
            caption = view.say("figure", slice=place.slice_index, x0=x0, x1=x1, y0=y0, y1=y1, z0=z0, z1=z1)
            found.append(Figure(source, caption, _picture(place.picture, artifacts)))
        name = source.evidence.provenance.parameters.get("picture")
        if source.evidence.kind == "structure_finding" and source.cited_in and isinstance(name, str):
            found.append(Figure(source, source.evidence.claim, _picture(name, artifacts)))
    return found


def _what_ifs(view: View, artifacts: Artifacts) -> list[Figure]:
    """The pictures of what-ifs, whether a statement of the draft cites them or only an answer did."""
    made = []
    for source in view.sources:
        name = source.evidence.provenance.parameters.get("picture")
        if source.evidence.kind == "risk_estimate" and isinstance(name, str):
            made.append(Figure(source, source.evidence.claim, _picture(name, artifacts)))
    return made


def _picture(name: str, artifacts: Artifacts) -> str | None:
    """A stored PNG or SVG as a data URI. In an `img` an SVG runs no script and loads nothing."""
    start, kind = (_SVG, "svg+xml") if name.endswith(".svg") else (_PNG, "png")
    try:
        data = artifacts.read(name)
    except (ConsiliumError, OSError):
        return None
    if not data.startswith(start) or len(data) > MAX_PICTURE_BYTES:
        return None
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def _plot(view: View, rows: list[RiskRow]) -> str | None:
    bars = [(f"{row.model} [{row.source.number}]", row.percent) for row in rows if row.percent is not None]
    if not bars:
        return None
    svg = risk_svg(bars, view.texts["risk_axis"])
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
