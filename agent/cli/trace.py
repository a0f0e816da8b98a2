"""`consilium trace`: who called what in a run, how long it took, and whether the record still gives the same draft."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.common import new_app, out, print_json, print_table

app = new_app()


@app.command()
def trace(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, its beginning, or `last`.")],
    replay: Annotated[bool, typer.Option(help="Make the draft again from the record and compare.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Print the timeline of a run: model and tool calls, seconds, tokens, results taken from the store."""
    from agent.cli.recording import record
    from agent.service import Consilium
    from agent.trust.audit import Action
    from knowledge.errors import ToolFailed

    consilium = Consilium()
    run = consilium.store.run(run_id)
    record(consilium, Action.SAW, "trace", run=run.id)
    spans = consilium.store.spans(run.id)
    if as_json:
        print_json([span.model_dump(mode="json") for span in spans])
    else:
        first = spans[0].started if spans else 0.0
        rows = []
        for span in spans:
            found = span.attributes
            tokens = f"{found.get('gen_ai.usage.input_tokens', '')} {found.get('gen_ai.usage.output_tokens', '')}"
            stored = "stored" if found.get("consilium.stored_result") else ""
            evidence, error = found.get("consilium.evidence", ""), found.get("error.type", "")
            row = (
                f"{span.started - first:.2f}",
                f"{span.seconds:.2f}",
                span.name,
                tokens.strip(),
                evidence,
                stored,
                error,
            )
            rows.append(row)
        print_table(("at (s)", "took (s)", "call", "tokens in, out", "evidence", "result", "error"), rows, title=run.id)
    if replay:
        again, draft = consilium.replay(run.id), consilium.report(run.id).draft
        if again.hash != draft.hash:
            raise ToolFailed(f"The record gives another draft: {again.hash[:12]} instead of {draft.hash[:12]}.")
        out.print(f"Replayed: the same draft, {draft.hash[:12]}.", markup=False)
