"""`consilium chat`: a conversation about one case in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.prompt import Prompt
from rich.text import Text

from agent.cli.common import err, new_app, out
from agent.draft import Draft, Verification
from tools.evidence import Evidence

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
    from agent.cli.recording import record
    from agent.report.terminal import print_report
    from agent.service import Consilium
    from agent.trust.audit import Action
    from knowledge.errors import ToolRetry

    if (case is None) == (run_id is None):
        raise ToolRetry("Give a case folder, or --run with the id of a run, and not both.")
    consilium = Consilium()
    if case is not None:
        record(consilium, Action.RAN, "chat", folder=case)
        current = consilium.start(case, question, model, lang).id
    else:
        current = consilium.store.run(run_id or "").id
    record(consilium, Action.SAW, "chat", run=current)
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
        record(consilium, Action.RAN, "chat", run=current)
        before = consilium.report(current).draft.hash
        follow(consilium.ask(current, asked))
        report = consilium.report(current)
        if report.draft.hash != before:
            print_report(report, consilium.case(current), out)
        else:
            _print_answer(*consilium.answer(current), report.ledger())
    err.print(f"Review and sign the draft: consilium review {current}", markup=False)


def _print_answer(draft: Draft, verification: Verification, ledger: Mapping[str, Evidence]) -> None:
    """An answer in the terminal: each sentence with its marks, then what is cited."""
    cited = list(dict.fromkeys(item for statement in draft.statements for item in statement.evidence))
    for statement, verdict in zip(draft.statements, verification.verdicts, strict=True):
        marks = " ".join(f"[{cited.index(item) + 1}]" for item in statement.evidence)
        out.print(Text.assemble((statement.text, "" if verdict.status == "supported" else "red"), f" {marks}"))
        for problem in verdict.problems:
            out.print(Text(f"  not supported: {problem.message}", style="red"))
    for number, item in enumerate(cited, start=1):
        claim = ledger[item].claim if item in ledger else "unknown"
        out.print(Text(f"  [{number}] {item}  {claim}", style="dim"))
