"""Intake: the only reader of case files. `read_case` makes the `Case`, `case_evidence` makes it citable."""

from __future__ import annotations

from tools.intake.evidence import case_evidence
from tools.intake.read import read_case

__all__ = ["case_evidence", "read_case"]
