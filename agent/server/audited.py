"""Every request in the audit record: what each route does, written before it is done, and refusals and failures after.

The gate tells of a request twice: before it lets it in (`Passage.status` is 0), and once its answer refuses or fails.
Where the first cannot be written the request is refused with 503 and nothing is done.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from agent.server.passage import Passage
from agent.trust.audit import Action, AuditLog, AuditUnavailable, Outcome

LOG = logging.getLogger("consilium.server")
_RUN, _CASE = "/api/runs/{run_id}", "/api/cases/{case_id}"
# Method and template of a route -> what it does, and its name. A test compares this with `agent.trust.policy.ROUTES`.
ACTIONS: Mapping[tuple[str, str], tuple[Action, str]] = {
    ("POST", "/api/session"): (Action.LOGGED_IN, "log_in"),
    ("GET", "/login"): (Action.LOGGED_IN, "link"),
    ("GET", "/oidc/callback"): (Action.LOGGED_IN, "oidc"),
    ("DELETE", "/api/session"): (Action.LOGGED_OUT, "log_out"),
    ("PUT", "/api/password"): (Action.ACCESS_CHANGED, "password"),
    ("POST", "/api/cases"): (Action.CHANGED, "create_case"),
    ("POST", "/api/cases/example"): (Action.CHANGED, "open_example"),
    ("GET", _CASE): (Action.SAW, "understand"),
    ("PUT", f"{_CASE}/file"): (Action.CHANGED, "put_file"),
    ("DELETE", _CASE): (Action.SHREDDED, "remove_case"),
    ("GET", "/api/runs"): (Action.SAW, "list_runs"),
    ("POST", "/api/runs"): (Action.RAN, "start_run"),
    ("GET", _RUN): (Action.SAW, "show_run"),
    ("GET", f"{_RUN}/events"): (Action.SAW, "follow_run"),
    ("POST", f"{_RUN}/ask"): (Action.RAN, "ask"),
    ("POST", f"{_RUN}/stop"): (Action.CHANGED, "stop"),
    ("POST", f"{_RUN}/resume"): (Action.RAN, "resume"),
    ("GET", f"{_RUN}/draft"): (Action.SAW, "show_draft"),
    ("GET", f"{_RUN}/questions"): (Action.SAW, "list_questions"),
    ("POST", f"{_RUN}/check-edit"): (Action.SAW, "check_edit"),
    ("GET", f"{_RUN}/decisions"): (Action.SAW, "show_decisions"),
    ("PUT", f"{_RUN}/decisions"): (Action.CHANGED, "keep_decisions"),
    ("POST", f"{_RUN}/sign"): (Action.SIGNED, "sign"),
    ("GET", f"{_RUN}/report.html"): (Action.EXPORTED, "report_html"),
    ("GET", f"{_RUN}/report.json"): (Action.EXPORTED, "report_json"),
    ("GET", f"{_RUN}/report.fhir.json"): (Action.EXPORTED, "report_fhir"),
    ("GET", f"{_RUN}/evidence"): (Action.SAW, "list_evidence"),
    ("GET", f"{_RUN}/evidence/{{evidence_id}}/nearest"): (Action.SAW, "what_would_change"),
    ("GET", f"{_RUN}/notes/{{handle}}"): (Action.SAW, "show_note"),
    ("POST", f"{_RUN}/what-if"): (Action.RAN, "what_if"),
    ("POST", f"{_RUN}/outline"): (Action.RAN, "outline"),
    ("POST", f"{_RUN}/evidence/{{evidence_id}}/views"): (Action.RAN, "explain"),
    ("GET", f"{_RUN}/evidence/{{evidence_id}}/picture"): (Action.SAW, "show_evidence_picture"),
    ("GET", f"{_RUN}/pictures/{{name}}"): (Action.SAW, "show_picture"),
    ("GET", f"{_RUN}/volumes/{{name}}"): (Action.SAW, "show_volume"),
    ("GET", f"{_RUN}/segmentations/{{name}}"): (Action.EXPORTED, "show_segmentation"),
    ("GET", f"{_RUN}/team"): (Action.SAW, "show_team"),
    ("PUT", f"{_RUN}/team"): (Action.ACCESS_CHANGED, "change_team"),
    ("GET", f"{_RUN}/audit"): (Action.READ_RECORD, "show_record"),
    ("POST", "/api/emergency"): (Action.EMERGENCY, "emergency"),
    ("GET", "/v1/models"): (Action.SAW, "list_models"),
    ("POST", "/v1/chat/completions"): (Action.RAN, "complete"),
    ("GET", "/api/accounts"): (Action.SAW, "list_accounts"),
    ("POST", "/api/accounts"): (Action.ACCESS_CHANGED, "add_account"),
    ("PATCH", "/api/accounts/{name}"): (Action.ACCESS_CHANGED, "change_account"),
    ("GET", "/api/teams"): (Action.SAW, "list_teams"),
    ("PUT", "/api/teams/{scope}"): (Action.ACCESS_CHANGED, "assign_team"),
    ("GET", "/api/audit"): (Action.READ_RECORD, "list_record"),
}
# Nothing of a patient or an account is in these.
NOT_RECORDED = frozenset({
    ("GET", "/"), ("GET", "/assets/{path:path}"), ("GET", "/api/session"), ("GET", "/api/hello"),
    ("GET", "/api/openapi.json"), ("GET", "/oidc/start"),
})  # fmt: skip
# The route itself writes the first row (`Access.record`), since only it knows the case, or who logs in.
BY_ROUTE = frozenset({
    ("POST", "/api/session"), ("GET", "/login"), ("GET", "/oidc/callback"), ("POST", "/api/runs"),
    ("POST", "/v1/chat/completions"), ("POST", "/api/emergency"), ("GET", "/api/audit"),
})  # fmt: skip
DENIED = frozenset({401, 403, 421})
# Too many requests: recording each would let anybody fill the disk.
_BUSY = 429


class Recorder:
    """Writes what the gate tells of."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def __call__(self, passage: Passage) -> None:
        """Add a row. Raises `AuditUnavailable` if the request has not been let in yet."""
        route = ("GET" if passage.method == "HEAD" else passage.method, passage.template)
        if not passage.status:
            if route not in NOT_RECORDED and route not in BY_ROUTE:
                self._append(passage, "allowed")
            return
        hidden = passage.status == 404 and passage.case and passage.refused
        outcome: Outcome = "denied" if passage.status in DENIED or hidden else "failed"
        if passage.status == _BUSY or (outcome == "failed" and (not passage.template or route in NOT_RECORDED)):
            return
        try:
            self._append(passage, outcome)
        except AuditUnavailable:
            LOG.error("a refusal (%d) could not be recorded", passage.status)

    def _append(self, passage: Passage, outcome: Outcome) -> None:
        method = "GET" if passage.method == "HEAD" else passage.method
        fallback = (Action.SAW if method == "GET" else Action.CHANGED, "")
        action, name = ACTIONS.get((method, passage.template), fallback)
        if action is Action.LOGGED_IN:
            action = Action.LOGIN_FAILED
        run = passage.named.get("run_id", "") if passage.case else ""
        self._log.append(passage.actor, action, name, outcome=outcome, case=passage.case, run=run)
