"""Who may do what: one table of routes, one of roles. What stands in neither is refused.

Every request is matched against `ROUTES` before the application sees it (`agent.server.gate`). A rule names the
permission that is needed and how the case is found that the request is about; that case must be open to the actor
(`agent.trust.careteam`). A test fails when the application has a route that is not listed, or the reverse.

- physician: cases of their care teams, all of it: files, runs, questions, review, signature, exports, who saw them,
  emergency access.
- reviewer: a second reader. Reads, reviews, signs and exports cases of their care teams; adds no files, starts no runs.
- researcher: cases on whose care team they are, de-identified on the way out; no originals, pictures, scans or exports.
- admin: accounts, care teams by case number, the audit record. Nothing of any patient.
- service: a program. The permissions in its scopes, on cases whose care team it belongs to; it never signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.routing import compile_path

from agent.trust.identity import Actor, Role

Permission = Literal[
    "public",
    "own",
    "case.list",
    "case.create",
    "case.read",
    "case.original",
    "case.write",
    "case.run",
    "case.compute",
    "case.review",
    "case.sign",
    "case.export",
    "case.team",
    "case.emergency",
    "case.record",
    "accounts",
    "teams",
    "record",
]
Subject = Literal["none", "run", "case", "body", "list"]
_READING: frozenset[Permission] = frozenset({"case.list", "case.read"})
_SECOND_READER: frozenset[Permission] = _READING | {
    "case.original", "case.compute", "case.review", "case.sign", "case.export",
    "case.record",
}  # fmt: skip
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    "physician": _SECOND_READER | {"case.create", "case.write", "case.run", "case.team", "case.emergency"},
    "reviewer": _SECOND_READER,
    "researcher": _READING,
    "admin": frozenset({"accounts", "teams", "record"}),
    "service": frozenset(),
}
# What a program may be given.
SCOPES: frozenset[Permission] = _READING | {
    "case.original", "case.create", "case.write", "case.run", "case.compute", "case.export"
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What one route needs.

    Attributes:
        permission: `public` needs nobody to be logged in, `own` anybody who is.
        subject: how the case is found: by `run_id` or `case_id` in the path, by the body (the route asks
            `Passage.open_case` itself), or not one case but a `list` (the route leaves out what is not open).
        deidentified: whether a researcher may have the answer, de-identified.
    """

    permission: Permission
    subject: Subject = "none"
    deidentified: bool = False


_RUN = "/api/runs/{run_id}"
_CASE = "/api/cases/{case_id}"
ROUTES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/"): Rule("public"),
    ("GET", "/assets/{path:path}"): Rule("public"),
    ("GET", "/login"): Rule("public"),
    ("GET", "/oidc/start"): Rule("public"),
    ("GET", "/oidc/callback"): Rule("public"),
    ("GET", "/api/session"): Rule("public"),
    ("POST", "/api/session"): Rule("public"),
    ("DELETE", "/api/session"): Rule("own"),
    ("PUT", "/api/password"): Rule("own"),
    ("GET", "/api/hello"): Rule("own"),
    ("GET", "/api/openapi.json"): Rule("own"),
    ("POST", "/api/cases"): Rule("case.create"),
    ("POST", "/api/cases/example"): Rule("case.create"),
    ("GET", _CASE): Rule("case.original", "case"),
    ("PUT", f"{_CASE}/file"): Rule("case.write", "case"),
    ("DELETE", _CASE): Rule("case.write", "case"),
    ("GET", "/api/runs"): Rule("case.list", "list", deidentified=True),
    ("POST", "/api/runs"): Rule("case.run", "body"),
    ("GET", _RUN): Rule("case.read", "run", deidentified=True),
    ("GET", f"{_RUN}/events"): Rule("case.original", "run"),
    ("POST", f"{_RUN}/ask"): Rule("case.run", "run"),
    ("POST", f"{_RUN}/stop"): Rule("case.run", "run"),
    ("POST", f"{_RUN}/resume"): Rule("case.run", "run"),
    ("GET", f"{_RUN}/draft"): Rule("case.read", "run", deidentified=True),
    ("GET", f"{_RUN}/questions"): Rule("case.read", "run", deidentified=True),
    ("POST", f"{_RUN}/check-edit"): Rule("case.review", "run"),
    ("GET", f"{_RUN}/decisions"): Rule("case.review", "run"),
    ("PUT", f"{_RUN}/decisions"): Rule("case.review", "run"),
    ("POST", f"{_RUN}/sign"): Rule("case.sign", "run"),
    ("GET", f"{_RUN}/report.html"): Rule("case.export", "run"),
    ("GET", f"{_RUN}/report.json"): Rule("case.export", "run"),
    ("GET", f"{_RUN}/report.fhir.json"): Rule("case.export", "run"),
    ("GET", f"{_RUN}/evidence"): Rule("case.read", "run", deidentified=True),
    ("GET", f"{_RUN}/evidence/{{evidence_id}}/nearest"): Rule("case.read", "run", deidentified=True),
    ("GET", f"{_RUN}/notes/{{handle}}"): Rule("case.read", "run", deidentified=True),
    ("POST", f"{_RUN}/what-if"): Rule("case.compute", "run"),
    ("POST", f"{_RUN}/outline"): Rule("case.compute", "run"),
    ("POST", f"{_RUN}/evidence/{{evidence_id}}/views"): Rule("case.compute", "run"),
    ("GET", f"{_RUN}/evidence/{{evidence_id}}/picture"): Rule("case.original", "run"),
    ("GET", f"{_RUN}/pictures/{{name}}"): Rule("case.original", "run"),
    ("GET", f"{_RUN}/volumes/{{name}}"): Rule("case.original", "run"),
    ("GET", f"{_RUN}/segmentations/{{name}}"): Rule("case.original", "run"),
    ("GET", f"{_RUN}/team"): Rule("case.team", "run"),
    ("PUT", f"{_RUN}/team"): Rule("case.team", "run"),
    ("GET", f"{_RUN}/audit"): Rule("case.record", "run"),
    ("POST", "/api/emergency"): Rule("case.emergency", "body"),
    ("GET", "/v1/models"): Rule("case.list", "list"),
    ("POST", "/v1/chat/completions"): Rule("case.run", "body"),
    ("GET", "/api/accounts"): Rule("accounts"),
    ("POST", "/api/accounts"): Rule("accounts"),
    ("PATCH", "/api/accounts/{name}"): Rule("accounts"),
    ("GET", "/api/teams"): Rule("teams"),
    ("PUT", "/api/teams/{scope}"): Rule("teams"),
    ("GET", "/api/audit"): Rule("record"),
}


@dataclass(frozen=True)
class Listed:
    """A request as the table knows it: its rule, the template of its path, and what the path names."""

    rule: Rule
    template: str
    named: Mapping[str, str]


def listed(method: str, path: str) -> Listed | Literal["method"] | None:
    """What the table says of a request; None for a path that is not listed, `method` if only the method is not."""
    known = False
    wanted = "GET" if method == "HEAD" else method
    for (listed_method, template), pattern in _PATTERNS.items():
        match = pattern.fullmatch(path)
        if match is None:
            continue
        known = True
        if listed_method == wanted:
            return Listed(ROUTES[listed_method, template], template, match.groupdict())
    return "method" if known else None


def permits(actor: Actor, rule: Rule) -> bool:
    """Whether an actor may use a route at all; which cases are open is another question."""
    if rule.permission in ("public", "own"):
        return rule.permission == "public" or actor.role != "none"
    if actor.role == "service":
        return rule.permission in SCOPES & actor.scopes
    granted: frozenset[Permission] = frozenset() if actor.role == "none" else PERMISSIONS[actor.role]
    return rule.permission in granted and (actor.role != "researcher" or rule.deidentified)


# Paths without a variable come first, so that /api/cases/example is not taken for a case.
_PATTERNS = {key: compile_path(key[1])[0] for key in sorted(ROUTES, key=lambda key: ("{" in key[1], key))}
