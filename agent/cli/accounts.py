"""`consilium accounts`: who may use the service of this store. A password is asked for or read from standard input."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.common import new_app, out, print_json, print_table

if TYPE_CHECKING:
    from agent.server.access import Access
    from agent.server.records import AccountInfo
    from agent.trust.identity import Role

app = new_app("Who may use the service: accounts, roles, passwords, care teams.")
NAME = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
FROM_STDIN = Annotated[bool, typer.Option("--stdin", help="Read the password from standard input.")]


@app.command()
def add(
    name: NAME,
    role: Annotated[str, typer.Option(help="physician, reviewer, researcher, admin, or service (a program).")],
    shown: Annotated[str, typer.Option("--shown-as", help="The name under which the person signs.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="What a program may do; may be repeated.")] = None,
    stdin: FROM_STDIN = False,
) -> None:
    """Add an account. A program gets a key, which is shown once."""
    from agent.trust.accounts import check_name

    access, given = _access(), _role(role)
    check_name(name)
    _record(access, f"add.{given}", name)
    if given != "service":
        access.accounts.add(name, given, _password(stdin=stdin), shown)
        out.print(f"{name} is added as {given}.", markup=False)
        return
    _, key = access.accounts.add_program(name, _scopes(scope or []), shown)
    sys.stderr.write(f"{name} is added. Its key, which is not shown again:\n")
    sys.stdout.write(key + "\n")


@app.command("list")
def list_accounts(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List the accounts."""
    from agent.server.people import info

    found = [info(account) for account in _access().accounts.all()]
    if as_json:
        print_json([item.model_dump(mode="json") for item in found])
        return
    rows = [(item.name, item.shown_name, item.role, _state(item), ", ".join(item.scopes)) for item in found]
    print_table(("name", "shown as", "role", "state", "scopes"), rows)


@app.command()
def disable(
    name: NAME, enable: Annotated[bool, typer.Option("--enable", help="Open the account again.")] = False
) -> None:
    """Close an account and end its sessions."""
    access = _known(name)
    _record(access, "open" if enable else "close", name)
    access.accounts.disable(name, disabled=not enable)
    access.sessions.end_all(name)
    out.print(f"{name} is {'open' if enable else 'disabled'}.", markup=False)


@app.command()
def unlock(name: NAME) -> None:
    """End a lock-out after wrong passwords."""
    access = _known(name)
    _record(access, "unlock", name)
    access.accounts.unlock(name)
    out.print(f"{name} may log in again.", markup=False)


@app.command()
def roles(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Whose role to set.")] = None,
    role: Annotated[
        str | None, typer.Argument(metavar="[ROLE]", help="physician, reviewer, researcher or admin.")
    ] = None,
) -> None:
    """Give a person another role; without arguments, show what each role may do."""
    from agent.trust.policy import PERMISSIONS, SCOPES

    if name is None:
        rows = [(one, ", ".join(sorted(may))) for one, may in PERMISSIONS.items() if one != "service"]
        print_table(("role", "may"), [*rows, ("service", f"what its scopes say, of: {', '.join(sorted(SCOPES))}")])
        return
    if role is None:
        raise typer.BadParameter("name the role too")
    access, given = _known(name), _role(role)
    _record(access, f"role.{given}", name)
    access.accounts.set_role(name, given)
    access.sessions.end_all(name)
    out.print(f"{name} is {given}.", markup=False)


@app.command()
def password(name: NAME, stdin: FROM_STDIN = False) -> None:
    """Set another password; this ends a lock-out and all sessions of the account."""
    access, given = _known(name), _password(stdin=stdin)
    _record(access, "password", name)
    access.accounts.set_password(name, given)
    access.sessions.end_all(name)
    out.print(f"The password of {name} is set.", markup=False)


@app.command()
def team(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, its beginning, or `last`.")],
    add_user: Annotated[list[str] | None, typer.Option("--add", help="Whom to enter; may be repeated.")] = None,
    remove_user: Annotated[list[str] | None, typer.Option("--remove", help="Whom to take out.")] = None,
) -> None:
    """Show or change the care team of the case that a run is of."""
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor

    access = _access()
    run = access.store.run(run_id).id
    scope = access.store.scope(run)
    access.record(local_actor(), Action.SAW, "cli.accounts.team", case=scope, run=run)
    access.change_team(local_actor(), scope, add_user or (), remove_user or ())
    found = access.teams.team(scope)
    out.print(f"{scope}: {', '.join(found.members) or 'nobody'}", markup=False)
    for one in found.emergencies:
        out.print(f"  emergency access by {one.user}: {one.reason}", markup=False)


def _state(item: AccountInfo) -> str:
    if item.disabled:
        return "disabled"
    return f"closed until {item.locked_until:%Y-%m-%d %H:%M} UTC" if item.locked_until else "open"


def _access() -> Access:
    from agent.runs import RunStore
    from agent.server.access import Access
    from knowledge.paths import home

    return Access.of(RunStore(home() / "runs"), None)


def _known(name: str) -> Access:
    """The access to the store, which has that account. Raises `ToolRetry`."""
    from knowledge.errors import ToolRetry

    access = _access()
    if access.accounts.find(name) is None:
        raise ToolRetry(f"There is no account {name!r}. `consilium accounts list` shows them.")
    return access


def _record(access: Access, what: str, name: str) -> None:
    from agent.trust.audit import Action
    from agent.trust.identity import local_actor

    access.record(local_actor(), Action.ACCESS_CHANGED, f"cli.accounts.{what}", account=name)


def _role(given: str) -> Role:
    from agent.trust.identity import ROLES
    from knowledge.errors import ToolRetry

    if given not in ROLES:
        raise ToolRetry(f"{given!r} is not a role. Roles are {', '.join(ROLES)}.")
    return given


def _scopes(given: list[str]) -> frozenset[str]:
    from agent.trust.policy import SCOPES
    from knowledge.errors import ToolRetry

    if not given or not set(given) <= SCOPES:
        raise ToolRetry(f"A program needs --scope, one or more of {', '.join(sorted(SCOPES))}.")
    return frozenset(given)


def _password(*, stdin: bool) -> str:
    from knowledge.errors import ToolRetry

    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise ToolRetry("The two passwords differ; nothing was changed.")
    return first
