"""The command line in the audit record: which command records what, and as whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agent.service import Consilium
    from agent.trust.audit import Action, AuditLog, Outcome

Recorded = Literal["itself", "ran", "access_changed", "nothing"]

# `itself`: the command names case and run (`record`). `nothing`: it touches no patient. Else the action of a row that
# is written before the command begins.
RECORDED: dict[str, Recorded] = {
    "run": "itself",
    "chat": "itself",
    "review": "itself",
    "export": "itself",
    "runs": "itself",
    "trace": "itself",
    "deidentify": "itself",
    "audit": "itself",
    "accounts": "access_changed",
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
# Subcommands that only show what is in the installation.
_SHOWS = frozenset({"list", "show", "--help", "-h"})


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
    if RECORDED[command] not in ("itself", "nothing") and rest and not _SHOWS & set(rest):
        _append(command, "allowed")


def record_failure(command: str, rest: Sequence[str]) -> None:
    """Add a row for a command that failed, if there is a store; it has said so itself already."""
    from agent.trust.audit import AuditUnavailable
    from knowledge.paths import home

    if RECORDED[command] == "nothing" or not rest or _SHOWS & set(rest):
        return
    if (home() / "runs" / "vault" / "store.key").exists():
        try:
            _append(command, "failed")
        except AuditUnavailable:
            return


def _append(command: str, outcome: Outcome) -> None:
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor

    kind = RECORDED[command]
    action = Action.RAN if kind in ("itself", "nothing") else Action(kind)
    home_log().append(local_actor(), action, f"cli.{command}", outcome=outcome)


def home_log() -> AuditLog:
    """The record of the store in the home."""
    from agent.runs import RunStore
    from agent.trust.audit import AuditLog
    from knowledge.paths import home

    store = RunStore(home() / "runs")
    return AuditLog(store.directory, store.vault)
