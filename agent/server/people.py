"""Accounts, care teams and emergency access."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, HTTPException

from agent.server.access import NOT_OPEN
from agent.server.office import Office, TheOffice, TheRun, emergencies
from agent.server.records import (
    AccountInfo,
    ChangedAccount,
    EmergencyRequest,
    NewAccount,
    RunHead,
    TeamChange,
    TeamInfo,
)
from agent.trust.accounts import Account, check_name
from agent.trust.audit import Action
from agent.trust.careteam import checked_reason
from agent.trust.identity import Actor, TheActor
from knowledge.errors import ToolFailed, ToolRetry

router = APIRouter(prefix="/api", tags=["people"])


@router.get("/accounts")
def list_accounts(office: TheOffice) -> list[AccountInfo]:
    """All accounts."""
    return [info(account) for account in office.access.accounts.all()]


@router.post("/accounts", status_code=201)
def add_account(given: NewAccount, office: TheOffice, actor: TheActor) -> AccountInfo:
    """A new account of a person. Programs get theirs on the command line, where their key is shown once."""
    check_name(given.name)
    office.access.record(actor, Action.ACCESS_CHANGED, f"account.add.{given.role}", account=given.name)
    return info(office.access.accounts.add(given.name, given.role, given.password, given.shown_name))


@router.patch("/accounts/{name}")
def change_account(name: str, given: ChangedAccount, office: TheOffice, actor: TheActor) -> AccountInfo:
    """Change role or password of an account, close it or open it, which ends its sessions; or end a lock-out."""
    accounts = office.access.accounts
    account = accounts.find(name)
    if account is None:
        raise HTTPException(404, "There is no such account.")
    if name == actor.user and (given.role is not None or given.disabled):
        raise ToolFailed("Another administrator has to do this to your own account.")
    for what in _changes(given):
        office.access.record(actor, Action.ACCESS_CHANGED, f"account.{what}", account=name)
    if given.role is not None:
        account = accounts.set_role(name, given.role)
    if given.password is not None:
        account = accounts.set_password(name, given.password)
    if given.disabled is not None:
        account = accounts.disable(name, disabled=given.disabled)
    if given.unlock:
        account = accounts.unlock(name)
    if _changes(given) != ["unlock"]:
        office.access.sessions.end_all(name)
    return info(account)


def _changes(given: ChangedAccount) -> list[str]:
    """What is asked to be changed, as the audit record says it."""
    role = [] if given.role is None else [f"role.{given.role}"]
    password = [] if given.password is None else ["password"]
    closed = [] if given.disabled is None else ["close" if given.disabled else "open"]
    return role + password + closed + (["unlock"] if given.unlock else [])


@router.get("/runs/{run_id}/team")
def show_team(run: TheRun, office: TheOffice) -> TeamInfo:
    """The care team of the case of a run."""
    return team_info(office, office.consilium.store.scope(run.id))


@router.put("/runs/{run_id}/team")
def change_team(given: TeamChange, run: TheRun, office: TheOffice, actor: TheActor) -> TeamInfo:
    """Enter people into the care team, or take them out."""
    return _changed(office, office.consilium.store.scope(run.id), given, actor)


@router.get("/teams")
def list_teams(office: TheOffice) -> list[TeamInfo]:
    """The care teams of all cases, by case number; nothing else of the cases."""
    return [_bare(team_info(office, scope)) for scope in office.consilium.store.vault.scopes()]


@router.put("/teams/{scope}")
def assign_team(scope: str, given: TeamChange, office: TheOffice, actor: TheActor) -> TeamInfo:
    """Enter people into the care team of a case by its number, or take them out."""
    if scope not in office.consilium.store.vault.scopes():
        raise HTTPException(404, "There is no such case.")
    return _bare(_changed(office, scope, given, actor))


@router.post("/emergency")
def break_glass(given: EmergencyRequest, office: TheOffice, actor: TheActor) -> list[RunHead]:
    """Take emergency access for an hour. The reason stays in the case list for the care team to see."""
    if actor.local:
        raise ToolFailed("Every case on this machine is open to you.")
    if (given.patient is None) == (given.run is None):
        raise ToolRetry("Name the patient or a run, one of them.")
    reason = checked_reason(given.reason)  # first, so that nobody learns without one whether a patient is here
    store = office.consilium.store
    found = [run for run in store.runs() if given.run == run.id or given.patient == store.case(run.id).patient.id]
    if not found:
        raise HTTPException(404, NOT_OPEN)
    for scope in sorted({store.scope(run.id) for run in found}):
        if office.access.allows(actor, scope):
            office.access.record(actor, Action.SAW, "emergency", case=scope)
        else:
            office.access.record(actor, Action.EMERGENCY, "emergency", case=scope, reason=reason)
            office.access.teams.break_glass(scope, actor, reason)
    return [office.head(run) for run in found]


def team_info(office: Office, scope: str) -> TeamInfo:
    """The team of a case and the ids of its runs."""
    team = office.access.teams.team(scope)
    runs = tuple(office.consilium.store.of_scope(scope))
    return TeamInfo(case=scope, members=team.members, runs=runs, emergency=emergencies(team))


def _bare(team: TeamInfo) -> TeamInfo:
    """A team without the reasons for emergency access, which say something of the patient."""
    return team.model_copy(update={"emergency": tuple(e.model_copy(update={"reason": None}) for e in team.emergency)})


def _changed(office: Office, scope: str, given: TeamChange, actor: Actor) -> TeamInfo:
    office.access.change_team(actor, scope, given.add, given.remove)
    return team_info(office, scope)


def info(account: Account) -> AccountInfo:
    """An account without its secrets."""
    locked = account.locked_until > dt.datetime.now(dt.UTC).timestamp()
    return AccountInfo(
        name=account.name,
        shown_name=account.shown_name,
        role=account.role,
        scopes=tuple(sorted(account.scopes)),
        disabled=account.disabled,
        locked_until=dt.datetime.fromtimestamp(account.locked_until, dt.UTC) if locked else None,
    )
