"""`consilium chat`: a conversation about one case in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.prompt import Prompt

from agent.cli.common import err, new_app, out

app = new_app()


@app.command()
def chat(
    case: Annotated[Path | None, typer.Argument(help="The case folder; leave out with --run.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="Go on with the conversation of this run.")] = None,
    question: Annotated[str | None, typer.Option(help="What the draft should answer.")] = None,
    model: Annotated[str | None, typer.Option(help="builtin, vllm:NAME, or PROVIDER:NAME.")] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of draft and answers.")] = "en",
) -> None:
    """Draft first, then questions: "why this drug?", "how large is the lesion?", "what if she stopped smoking?"."""
    from agent.cli.progress import follow
    from agent.report.terminal import print_answer, print_report
    from agent.service import Consilium
    from knowledge.errors import ToolRetry

    if (case is None) == (run_id is None):
        raise ToolRetry("Give a case folder, or --run with the id of a run, and not both.")
    consilium = Consilium()
    if case is not None:
        current = consilium.start(case, question, model, lang).id
    else:
        current = consilium.store.run(run_id or "").id
    follow(consilium.work(current))
    print_report(consilium.report(current), consilium.case(current), out)
    err.print("Ask a question; an empty line or Ctrl-D ends.")
    while True:
        try:
            asked = Prompt.ask("[bold]You[/]", console=err)
        except EOFError:
            break
        if not asked.strip():
            break
        follow(consilium.ask(current, asked))
        draft, verification = consilium.answer(current)
        print_answer(draft, verification, consilium.store.evidence(current), out)
    err.print(f"Review and sign the draft: consilium review {current}", markup=False)
