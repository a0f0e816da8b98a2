"""`consilium erase`: destroy one case for good."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.common import new_app, out

app = new_app()


@app.command()
def erase(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, its beginning, or `last`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the case of a run with all its runs, uploaded files and key. Copies cannot be read any more either.

    The audit record of it stays. A case folder of yours is not touched, but cannot be worked on again from its place.
    """
    from agent.cli.recording import record
    from agent.server.access import Access
    from agent.service import Consilium
    from agent.trust.audit import Action
    from knowledge.errors import ToolFailed

    consilium = Consilium()
    run = consilium.store.run(run_id).id
    scope = consilium.store.scope(run)
    count = len(consilium.store.of_scope(scope))
    if not yes and not typer.confirm(f"Destroy {scope} with {count} runs for good?", err=True):
        raise ToolFailed("Nothing was destroyed.")
    record(consilium, Action.SHREDDED, "erase", run=run)
    consilium.shred(scope)
    Access.of(consilium.store, None).teams.forget(scope)
    out.print(f"{scope} is destroyed, with {count} runs.", markup=False, highlight=False)
