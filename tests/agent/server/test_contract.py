"""The service against its own description: generated requests give no 5xx and no answer that the description forbids.

CONTRACT_CASES sets how many requests are made a route (CI: few). For ten thousand in all:

    CONTRACT_CASES=400 python -m pytest tests/agent/server/test_contract.py
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agent.server import images
from tests.agent.server.conftest import READY, SCRIPT, add_case, answered, at_rest, start

CASES = int(os.environ.get("CONTRACT_CASES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Opened = Callable[..., TestClient]


def _known(client: TestClient) -> dict[str, str]:
    """Ids of things that are there, so that requests get past the first look-up."""
    run_id = start(client)
    at_rest(client, run_id)
    client.app.state.office.consilium.artifacts(run_id).write("good.png", b"\x89PNG\r\n\x1a\nrest")  # type: ignore[attr-defined]
    return {"run_id": run_id, "case_id": add_case(client), "handle": "note-1", "name": "good.png"}


def _settings() -> settings:
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=CASES, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=quiet
    )


# The working thread may draw random numbers while a strategy does.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.timeout(3600)
def test_generated_requests_break_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "SHORT_SECONDS", 2.0)
    client = opened(*SCRIPT, *(READY, answered) * 5)
    known = _known(client)
    client.headers["Authorization"] = f"Bearer {client.app.state.sessions.key}"  # type: ignore[attr-defined]
    described = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    made = 0
    for outcome in described.get_all_operations():
        operation = outcome.ok()

        @_settings()
        @given(operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            nonlocal made
            # Half of the requests meet what is there, half whatever was generated.
            made += 1
            if made % 2:
                case.path_parameters = {k: known.get(k, v) for k, v in (case.path_parameters or {}).items()}
            if (case.method.upper(), case.path) == ("DELETE", "/api/cases/{case_id}"):
                case.path_parameters = {"case_id": add_case(client) if made % 2 else "0" * 16}
            request = {k: v for k, v in case.as_transport_kwargs(base_url="http://127.0.0.1").items() if k != "cookies"}
            response = client.request(**request)
            case.validate_response(schemathesis.Response.from_any(response), checks=CHECKS)

        check()
    print(f"{made} requests")
    assert made >= CASES * 20
