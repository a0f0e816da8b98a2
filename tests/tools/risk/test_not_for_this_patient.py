"""A score that is not made for the patient is said not to apply, with what speaks against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.risk.test_tool import context
from tools.registry import call_tool
from tools.risk.named import models_named


def _claims(tmp_path: Path, asked: list[str], **facts: object) -> list[str]:
    result = call_tool("predict_risk", {"asked_about": asked}, context(tmp_path, **facts))
    return [item.claim for item in result.evidence]


def test_perc_does_not_apply_in_pregnancy(tmp_path: Path) -> None:
    claims = _claims(tmp_path, ["perc"], patient__pregnant=(True, None))
    assert any(claim.startswith("PERC rule does not apply") and "pregnancy" in claim for claim in claims)


@pytest.mark.parametrize(
    ("ldl", "applies"), [(6.9, False), (3.0, True)], ids=["probable familial hypercholesterolaemia", "ordinary"]
)
def test_risk_equations_do_not_apply_in_probable_familial_hypercholesterolaemia(
    tmp_path: Path, ldl: float, applies: bool
) -> None:
    facts = {"lab__ldl_cholesterol": (ldl, "mmol/L"), "finding__tendon_xanthoma": (not applies, None)}
    claims = _claims(tmp_path, ["qrisk3"], **facts)
    refused = [claim for claim in claims if "QRISK3" in claim and "does not apply" in claim]
    assert bool(refused) is not applies


def test_a_score_is_found_by_its_name_with_or_without_a_hyphen() -> None:
    assert "fib4" in models_named("FIB-4 was 1.8")
    assert "fib4" in models_named("refer, FIB4 over 1.3")
