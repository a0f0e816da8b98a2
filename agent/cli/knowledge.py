"""`consilium knowledge`: search, show, list, build, verify, add and remove."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, new_app, out, print_json

if TYPE_CHECKING:
    from knowledge.factbook import FactBook

app = new_app("Search, show, add to and verify the guidelines.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def _say(stage: str, done: int, total: int) -> None:
    if total:
        err.print(f"{stage} {done} of {total}", highlight=False)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="A question, or a few key words.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="At most so many passages.")] = 5,
    case: Annotated[Path | None, typer.Option("--case", help="A case folder: leave out what does not apply.")] = None,
    disease: Annotated[list[str] | None, typer.Option(help="Only on this disease (slug); may be repeated.")] = None,
    drug: Annotated[list[str] | None, typer.Option(help="Only on this drug; may be repeated.")] = None,
    organisation: Annotated[list[str] | None, typer.Option(help="Only by this organisation.")] = None,
    since: Annotated[int | None, typer.Option(help="Only from this year on.")] = None,
    document: Annotated[list[str] | None, typer.Option(help="Only in this guideline or document (id).")] = None,
    as_json: Json = False,
) -> None:
    """Find the passages that bear on a question. Nothing relevant gives nothing."""
    from knowledge.store.index import Filters
    from knowledge.store.search import search as find
    from knowledge.store.service import ready_index
    from tools.guidelines.match import resolve_drug

    filters = Filters(
        diseases=tuple(disease or ()),
        drugs=tuple(resolve_drug(name) for name in drug or ()),
        organisations=tuple(organisation or ()),
        years=None if since is None else (since, 2100),
        documents=tuple(document or ()),
    )
    facts, as_of = _case_facts(case) if case is not None else (None, None)
    hits = find(ready_index(None if as_json else _say), text, k, filters, facts, as_of)
    if as_json:
        print_json([_hit(hit) for hit in hits])
        return
    if not hits:
        out.print("Nothing in the store bears on this question.")
    for hit in hits:
        truth = "" if hit.truth is None else f"  {hit.truth.value.replace('_', ' ')}"
        out.print(f"{hit.relevance:.2f}  {hit.passage.id}{truth}", style="bold", markup=False, highlight=False)
        out.print(f"  {hit.passage.text}", markup=False, highlight=False, soft_wrap=True)
        out.print(f"  {_source(hit.passage)}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _hit(hit: Any) -> dict[str, Any]:
    truth = None if hit.truth is None else hit.truth.value
    return {
        "relevance": round(hit.relevance, 4),
        "cosine": round(hit.cosine, 4),
        "bm25": round(hit.bm25, 4),
        "truth": truth,
        "passage": hit.passage.model_dump(mode="json", exclude={"hints"}),
    }


def _source(passage: Any) -> str:
    page = "" if passage.page is None else f"p. {passage.page}"
    year = "" if passage.year is None else str(passage.year)
    parts = (passage.organisation, passage.document, year, passage.section, page, passage.identifier)
    return ", ".join(part for part in parts if part)


def _case_facts(folder: Path) -> tuple[FactBook, dt.date | None]:
    """Facts and date of a case folder, from its structured files."""
    from tools.evidence import fact_book
    from tools.intake import case_evidence, read_case

    case = read_case(folder)
    return fact_book(case_evidence(case)), case.as_of


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Id of a recommendation, guideline, document or passage.")],
    language: Annotated[str, typer.Option("--lang", help="en or zh.")] = "en",
    page: Annotated[int | None, typer.Option(help="A page of a document.")] = None,
    image: Annotated[
        Path | None, typer.Option(help="Draw the page of a PDF into this PNG file; a passage is coloured on it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one recommendation with its criteria and source, a guideline, or a document."""
    from agent.cli import knowledge_show

    knowledge_show.show(name, language, page, as_json, image)


@app.command(name="list")
def list_(
    disease: Annotated[str | None, typer.Option(help="Only on this disease (slug).")] = None,
    topic: Annotated[str | None, typer.Option(help="Only on this topic.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="List recommendations, not only guidelines.")] = False,
    as_json: Json = False,
) -> None:
    """List the guidelines, or with --all their recommendations, and the documents that were added."""
    from agent.cli import knowledge_show

    knowledge_show.list_everything(disease, topic, everything, as_json)


@app.command()
def coverage(as_json: Json = False) -> None:
    """Print the table of coverage, disease by topic, as in docs/knowledge-coverage.md."""
    from knowledge.coverage import coverage_markdown, coverage_table

    if as_json:
        print_json({disease: dict(row) for disease, row in coverage_table().items()})
    else:
        typer.echo(coverage_markdown(), nl=False)


@app.command()
def build(as_json: Json = False) -> None:
    """Bring the search index up to date. Killed at any point, the old index serves on."""
    from knowledge.store.service import build as build_index

    index = build_index(None if as_json else _say)
    if as_json:
        print_json({"key": index.key, "passages": len(index), "model_sha256": index.meta["model_sha256"]})
    else:
        out.print(f"{len(index)} passages, index {index.key}.", highlight=False)


@app.command()
def verify(as_json: Json = False) -> None:
    """Check manifest, hashes, vocabulary, recommendations with their examples, safety tables, index and documents."""
    from knowledge.verify import verify_all

    report = verify_all()
    if as_json:
        print_json({"problems": report.problems, "counts": report.counts})
    else:
        for problem in report.problems:
            out.print(problem, markup=False, highlight=False, soft_wrap=True)
        out.print(", ".join(f"{count} {name}" for name, count in report.counts.items()), highlight=False)
        out.print(f"{len(report.problems)} problems." if report.problems else "All is well.", highlight=False)
    if report.problems:
        raise typer.Exit(1)


for _module in ("agent.cli.knowledge_add", "agent.cli.knowledge_import"):
    if importlib.util.find_spec(_module):
        importlib.import_module(_module).add_commands(app)
