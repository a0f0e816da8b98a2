"""The command line in the audit record: which command records what, and as whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agent.service import Consilium
    from agent.trust.audit import Action, AuditLog, Outcome

Recorded = Literal["itself", "ran", "nothing"]

# `itself`: the command writes the rows, since it knows the case, run or account. `ran`: a row is written before it
# begins. `nothing`: it touches no patient.
RECORDED: dict[str, Recorded] = {
    "run": "itself",
    "chat": "itself",
    "review": "itself",
    "export": "itself",
    "runs": "itself",
    "trace": "itself",
    "deidentify": "itself",
    "audit": "itself",
    "accounts": "itself",
    "keys": "itself",
    "erase": "itself",
    "serve": "ran",
    "segment": "ran",
    "compare": "ran",
    "variants": "ran",
    "pgx": "ran",
    "protein": "ran",
    "risk": "ran",
    "missense": "ran",
    "biomarkers": "ran",
    "genes": "ran",
    "train": "ran",
    "acmg": "nothing",
    "eval": "nothing",
    "info": "nothing",
    "knowledge": "nothing",
    "models": "nothing",
    "tools": "nothing",
}


def record(consilium: Consilium, action: Action, command: str, *, run: str = "", folder: Path | None = None) -> None:
    """Add a row for a command that works on a run, or on a case folder. Raises `AuditUnavailable`."""
    from agent.trust.identity import local_actor

    case = ""
    if run:
        case = consilium.store.scope(run)
    elif folder is not None:
        case = consilium.store.vault.folder_scope(folder)
    consilium.audit.append(local_actor(), action, f"cli.{command}", case=case, run=run)


def record_start(command: str, rest: Sequence[str]) -> None:
    """Add a row for a command that does not record itself. Raises `AuditUnavailable`."""
    if RECORDED[command] == "ran" and not _shows(rest):
        _append(command, "allowed")


def record_failure(command: str, rest: Sequence[str]) -> None:
    """Add a row for a command that failed, if there is a store that takes it; it has said so itself already."""
    import sqlite3

    from knowledge.errors import ConsiliumError
    from knowledge.paths import home

    if RECORDED[command] == "nothing" or _shows(rest):
        return
    if (home() / "runs" / "vault" / "store.key").exists():
        try:
            _append(command, "failed")
        except (ConsiliumError, OSError, sqlite3.Error):
            return


def _append(command: str, outcome: Outcome) -> None:
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor

    home_log().append(local_actor(), Action.RAN, f"cli.{command}", outcome=outcome)


def _shows(rest: Sequence[str]) -> bool:
    """Whether a command only shows its help, or what is in the installation (a subcommand `list` or `show`)."""
    return not rest or rest[0] in ("list", "show") or bool({"--help", "-h"} & set(rest))


def home_log() -> AuditLog:
    """The record of the store in the home."""
    from agent.runs import RunStore
    from agent.trust.audit import AuditLog
    from knowledge.paths import home

    store = RunStore(home() / "runs")
    return AuditLog(store.directory, store.vault)
