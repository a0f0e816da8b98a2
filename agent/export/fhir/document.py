"""A report as a FHIR R4 document: a Composition first, then everything that it refers to.

Everything is marked as asserted by an artificial intelligence (`meta.security` AIAST). It is `preliminary` until a
physician has signed; the Provenance then names who verified it. Requests are proposals, never orders.
"""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.draft import SECTIONS, Report
from agent.export.fhir.codes import (
    AI_ASSERTED,
    GENOMICS,
    LOINC,
    SECTION_0074,
    TEST_DATA,
    Resource,
    coding,
    concept,
    reference,
    url_of,
)
from agent.export.fhir.genomics import genotype, significance, variant
from agent.export.fhir.observations import age_observation, observation, risk_assessment
from agent.export.fhir.proposals import proposals, requests
from agent.report.view import Line, Source, View, build_view
from tools.case import Case

_OBSERVED = ("observation", "note_span", "image_finding", "structure_finding")


def render_fhir(report: Report, case: Case, page: str | None = None) -> str:
    """The document as indented JSON. `page` is the report as HTML, attached as it was shown."""
    return json.dumps(fhir_document(report, case, page), ensure_ascii=False, indent=1) + "\n"


def fhir_document(report: Report, case: Case, page: str | None = None) -> Resource:
    """The document as plain data."""
    return _Document(report, case, build_view(report, case)).bundle(page)


@dataclass
class _Document:
    report: Report
    case: Case
    view: View
    entries: list[Resource] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)
    genomic: list[str] = field(default_factory=list)
    proposed: dict[int, list[str]] = field(default_factory=dict)

    @property
    def signed(self) -> bool:
        return self.report.review is not None

    @property
    def when(self) -> str:
        signature = self.report.review.signature if self.report.review else None
        moment = signature.signed_at if signature else dt.datetime.now(dt.UTC)
        return moment.isoformat(timespec="seconds")

    @property
    def lines(self) -> list[Line]:
        """The statements that were not rejected, in order."""
        return [line for section in SECTIONS for line in self.view.sections[section]]

    def url(self, name: str) -> str:
        return url_of(self.report.run_id, name)

    def meta(self) -> Resource:
        labels = [AI_ASSERTED, TEST_DATA] if self.case.synthetic else [AI_ASSERTED]
        return {"security": labels}

    def base(self, **more: object) -> Resource:
        return {"meta": self.meta(), "subject": reference(self.url("patient"))} | more

    def add(self, name: str, resource: Resource) -> str:
        url = self.url(name)
        self.entries.append({"fullUrl": url, "resource": {"id": url.removeprefix("urn:uuid:")} | resource})
        return url

    def bundle(self, page: str | None) -> Resource:
        self._people()
        kept = {name for line in self.lines for name in line.statement.evidence}
        cited = [source for source in self.view.sources if source.evidence.id in kept]
        for source in (s for s in cited if s.evidence.kind != "risk_estimate"):
            self._evidence(source)
        for source in (s for s in cited if s.evidence.kind == "risk_estimate"):
            base = self.base(status="final" if self.signed else "preliminary", performer=reference(self.url("device")))
            resource = risk_assessment(source, base, self.made, self.report.draft.language)
            self.made[source.evidence.id] = self.add(source.evidence.id, resource)
        self._requests()
        reports = [self._report(page)]
        if self.genomic:
            reports.append(self._genomic_report())
        self._provenance(reports)
        composition = self._composition(reports)
        return {
            "resourceType": "Bundle",
            "meta": self.meta(),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self.url("bundle")},
            "type": "document",
            "timestamp": self.when,
            "entry": [composition, *self.entries],
        }

    def _people(self) -> None:
        patient: Resource = {
            "resourceType": "Patient",
            "meta": {"security": [TEST_DATA]} if self.case.synthetic else {},
            "identifier": [{"system": "urn:consilium:case", "value": self.case.patient.id}],
            "gender": self.case.patient.sex or "unknown",
        }
        self.add("patient", {key: value for key, value in patient.items() if value})
        device = {
            "resourceType": "Device",
            "deviceName": [{"name": "Consilium", "type": "user-friendly-name"}],
            "type": concept(
                text="software that drafts with language models and clinical models (artificial intelligence)"
            ),
            "version": [
                {"value": f"{key} {value}"} for key, value in self.report.settings.items() if "seconds" not in key
            ],
        }
        self.add("device", device)
        if self.report.review and self.report.review.signature:
            name = self.report.review.signature.reviewer
            self.add("reviewer", {"resourceType": "Practitioner", "name": [{"text": name}]})
        if self.case.patient.age_years is not None:
            self.results.append(self.add("age", age_observation(self.case.patient.age_years, self._observed())))

    def _observed(self) -> Resource:
        return self.base(status="final" if self.signed else "preliminary", device=reference(self.url("device")))

    def _evidence(self, source: Source) -> None:
        item, language = source.evidence, self.report.draft.language
        if item.kind == "variant":
            url = self.add(item.id, variant(source, self._observed(), self.case))
            self.genomic.append(url)
            implied = significance(source, self._observed(), url)
            if implied is not None:
                self.genomic.append(self.add(f"{item.id}-significance", implied))
        elif item.kind == "diplotype":
            url = self.add(item.id, genotype(source, self._observed()))
            self.genomic.append(url)
        elif item.kind in _OBSERVED:
            url = self.add(item.id, observation(source, self._observed(), language))
            self.results.append(url)
        else:
            return
        self.made[item.id] = url

    def _requests(self) -> None:
        ledger = self.report.ledger()
        for line, item, found in proposals(self.lines, ledger):
            reasons = [self.made[name] for name in line.statement.evidence if name in self.made and name != item.id]
            grounds = [url for url in reasons if url in (*self.results, *self.genomic)]
            base = self.base(requester=reference(self.url("device")))
            for number, resource in enumerate(requests(line, found, base, grounds, self.report.draft.language)):
                url = self.add(f"proposal-{found.id}-{number}", resource)
                self.proposed.setdefault(line.index, []).append(url)

    def _report(self, page: str | None) -> str:
        title = self.view.say("title")
        made = self.base(
            status="final" if self.signed else "preliminary",
            code=concept(coding(LOINC, "11488-4", "Consult note"), text=title),
            issued=self.when,
            performer=[reference(self.url("reviewer" if self.signed else "device"))],
            result=[reference(url) for url in (*self.results, *self.genomic)],
            conclusion="\n".join(line.text for line in self.view.sections["summary"]),
        )
        if page is not None:
            data = base64.b64encode(page.encode()).decode()
            made["presentedForm"] = [{"contentType": "text/html", "language": self.report.draft.language, "data": data}]
        return self.add("report", {"resourceType": "DiagnosticReport"} | {k: v for k, v in made.items() if v})

    def _genomic_report(self) -> str:
        made = self.base(
            meta=self.meta() | {"profile": [GENOMICS + "genomic-report"]},
            status="final" if self.signed else "preliminary",
            category=[concept(coding(SECTION_0074, "GE", "Genetics"))],
            code=concept(coding(LOINC, "51969-4", "Genetic analysis report")),
            issued=self.when,
            performer=[reference(self.url("reviewer" if self.signed else "device"))],
            result=[reference(url) for url in self.genomic],
        )
        return self.add("genomic-report", {"resourceType": "DiagnosticReport"} | made)

    def _provenance(self, reports: list[str]) -> None:
        kind = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
        agents: list[Resource] = [{"type": concept(coding(kind, "author")), "who": reference(self.url("device"))}]
        targets = [*reports, *(url for urls in self.proposed.values() for url in urls)]
        made: Resource = {
            "resourceType": "Provenance",
            "meta": self.meta(),
            "target": [reference(url) for url in targets],
            "recorded": self.when,
            "agent": agents,
            "entity": [{"role": "source", "what": {"display": f"draft sha256 {self.report.draft.hash}"}}],
        }
        if self.signed:
            agents.append({"type": concept(coding(kind, "verifier")), "who": reference(self.url("reviewer"))})
        self.add("provenance", made)

    def _composition(self, reports: list[str]) -> Resource:
        author = reference(self.url("device"), "Consilium")
        made: Resource = {
            "resourceType": "Composition",
            "meta": self.meta(),
            "language": "zh-CN" if self.report.draft.language == "zh" else "en",
            "status": "final" if self.signed else "preliminary",
            "type": concept(coding(LOINC, "11488-4", "Consult note")),
            "subject": reference(self.url("patient")),
            "date": self.when,
            "author": [author],
            "title": f"{self.view.say('title')}: {self.report.draft.question}"[:300],
            "section": [self._section(name) for name in SECTIONS if self.view.sections[name]],
        }
        if self.signed:
            made["attester"] = [{"mode": "professional", "time": self.when, "party": reference(self.url("reviewer"))}]
        made["section"].append({"title": "DiagnosticReport", "entry": [reference(url) for url in reports]})
        url = self.url("composition")
        return {"fullUrl": url, "resource": {"id": url.removeprefix("urn:uuid:")} | made}

    def _section(self, name: str) -> Resource:
        lines = self.view.sections[name]  # type: ignore[index]
        urls: Iterable[str] = (
            url
            for line in lines
            for url in (
                *(self.made[n] for n in line.statement.evidence if n in self.made),
                *self.proposed.get(line.index, ()),
            )
        )
        body = "".join(f"<li>{html.escape(self._sentence(line), quote=False)}</li>" for line in lines)
        made: Resource = {
            "title": self.view.say(f"sections.{name}"),
            "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><ol>{body}</ol></div>'},
        }
        entries = [reference(url) for url in dict.fromkeys(urls)]
        return made | {"entry": entries} if entries else made

    def _sentence(self, line: Line) -> str:
        if line.status == "supported":
            return line.text
        return f"[{self.view.say(f'status.{line.status}')}] {line.text}"
