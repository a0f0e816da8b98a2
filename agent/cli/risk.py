"""`consilium risk`: published risk models from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, out, print_json, print_table
from agent.cli.risk_compute import compute, print_estimate, refuse
from knowledge.errors import BadInput, ToolRetry
from knowledge.facts import vocabulary
from tools.risk.catalogue import get_model, models
from tools.risk.inputs import parse_fact
from tools.risk.model import RiskModel, Rule
from tools.risk.resolve import describe

app = new_app("Published risk models: list them, show one, compute, explain, run a whole table, ask a note.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command("list")
def list_models(
    field: Annotated[str | None, typer.Option(help="Only this field, such as cancer or kidney.")] = None,
    as_json: Json = False,
) -> None:
    """List the models."""
    rows = [m for m in models().values() if field is None or m.field == field]
    if field is not None and not rows:
        raise ToolRetry(
            f"There is no field {field!r}. Fields: {', '.join(sorted({m.field for m in models().values()}))}."
        )
    if as_json:
        print_json([{"name": m.name, "title": m.title, "field": m.field, "purpose": m.purpose} for m in rows])
        return
    print_table(("model", "field", "what it says"), ((m.name, m.field, f"{m.title}. {m.purpose}") for m in rows))
    out.print(f"{len(rows)} models")


@app.command()
def show(model: Annotated[str, typer.Argument(help="Name of the model.")], as_json: Json = False) -> None:
    """Show what a model is for, its inputs, ranges, source and limits."""
    found = get_model(model)
    if as_json:
        print_json(_record(found))
        return
    lines = [
        f"{found.title} ({found.name})",
        f"Purpose:     {found.purpose}",
        f"Population:  {found.population}",
        f"Source:      {found.source}" + (f" ({found.doi})" if found.doi else ""),
        f"Limits:      {found.limits}",
        *([f"Performance: {found.accuracy}"] if found.accuracy else []),
        *(f"Not used {_when(rule)}: {rule.why}" for rule in found.rules),
    ]
    for line in lines:
        out.print(line, markup=False, highlight=False)
    print_table(
        ("input", "what", "if unknown"),
        ((i.name, describe(i), "needed" if i.assume is None else i.assume_why or str(i.assume)) for i in found.inputs),
    )
    if found.terms:
        print_table(("item", "points"), ((term.label, term.points) for term in found.terms))
    for output in found.outputs:
        bands = "; ".join(f"{band.label}{': ' + band.meaning if band.meaning else ''}" for band in output.bands)
        out.print(f"Gives: {output.title} [{output.unit}] {bands}", markup=False, highlight=False)


def _when(rule: Rule) -> str:
    return f"{'without' if rule.holds else 'in'} {vocabulary()[rule.fact].label['en']}"


def _record(found: RiskModel) -> dict[str, object]:
    return {
        "name": found.name,
        "title": found.title,
        "field": found.field,
        "purpose": found.purpose,
        "population": found.population,
        "source": found.source,
        "doi": found.doi,
        "limits": found.limits,
        "accuracy": found.accuracy,
        "rules": [{"fact": r.fact, "holds": r.holds, "why": r.why} for r in found.rules],
        "inputs": [
            {
                "name": i.name,
                "fact": i.fact,
                "unit": i.unit or vocabulary()[i.fact].unit,
                "low": i.low,
                "high": i.high,
                "codes": list(i.codes),
                "needed": i.assume is None,
                "if_unknown": i.assume_why,
                "changeable": i.changeable,
            }
            for i in found.inputs
        ],
        "items": [{"label": t.label, "points": t.points} for t in found.terms],
        "outputs": [
            {
                "key": o.key,
                "title": o.title,
                "kind": o.kind,
                "unit": o.unit,
                "fact": o.fact,
                "bands": [{"from": b.low, "label": b.label, "meaning": b.meaning} for b in o.bands],
            }
            for o in found.outputs
        ],
    }


app.command()(compute)


@app.command()
def ask(
    note: Annotated[Path, typer.Option("--note", help="A note as a text file.")],
    model: Annotated[str | None, typer.Option("--model", help="Name of the model or calculator.")] = None,
    question: Annotated[str, typer.Option("--question", help="A question in words; it may name the model.")] = "",
    inputs: Annotated[list[str] | None, typer.Option("--input", "-i", help="Known values, which come first.")] = None,
    values: Annotated[str, typer.Option(help="admission or latest: which of several values counts.")] = "admission",
    language: Annotated[str, typer.Option("--lang", help="en or zh.")] = "en",
    as_json: Json = False,
) -> None:
    """Answer a model from a note: the value, each input with its quote, conflicts, and what is missing."""
    from tools.risk.ask import ask as answer_from
    from tools.risk.questions import target_of

    if values not in ("admission", "latest") or language not in ("en", "zh"):
        raise ToolRetry("--values is admission or latest; --lang is en or zh.")
    try:
        text = note.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(note.name, "the file", "it is not there", "a text file") from None
    except UnicodeDecodeError as error:
        raise BadInput(note.name, f"byte {error.start}", "it is not UTF-8 text", "UTF-8") from None
    if model is None and not question:
        raise ToolRetry("Name the model with --model, or ask with --question.")
    target = target_of(model, question) if model is not None else target_of(question)
    found = get_model(target.model)
    typed = [parse_fact(given, found) for given in inputs or []]
    answer = answer_from(text, found, typed, values, language, question, target.output)  # type: ignore[arg-type]
    if as_json:
        print_json(answer)
    else:
        print_estimate(answer.estimate)
        if question and answer.answer is not None:
            out.print(f"Answer: {answer.answer}", markup=False, highlight=False)
        shown = {i.key: f"{i.value} {i.unit or ''}".strip() for i in answer.estimate.inputs}
        rows = [(q.input, shown.get(q.input, ""), q.quote, f"{q.start}-{q.end}") for q in answer.quotes]
        print_table(("input", "value", "quote", "characters"), rows)
        for conflict in answer.conflicts:
            out.print(f"The note also says {conflict.fact} {conflict.other}: {conflict.quote!r}", markup=False)
    refuse(answer.estimate)


@app.command()
def cohort(
    table: Annotated[Path, typer.Argument(help="A .csv or .parquet table; one column for each input, named as it.")],
    model: Annotated[str, typer.Option("--model", help="Name of the model.")],
    output: Annotated[Path | None, typer.Option("--out", help="Where to write the results (.csv or .parquet).")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="column=unit for columns in another unit.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Run a model over a table. Rows that cannot be used are listed with their numbers; nothing is guessed."""
    from tools.risk.cohort import run_cohort

    found, units = get_model(model), dict(_pairs(unit or []))
    with err.status("Reading the table") as status:
        summary = run_cohort(
            table, found, output, units, device, lambda rows: status.update(f"{rows:,} rows done".replace(",", " "))
        )
    if as_json:
        print_json(summary)
        return
    out.print(f"{summary.computed} of {summary.rows} rows computed in {summary.seconds:.2f} s", markup=False)
    for item in summary.summary:
        out.print(f"{item.title}: median {item.median:.2f}, 5-95 % {item.p5:.2f} to {item.p95:.2f}", markup=False)
    for problem in summary.problems:
        err.print(f"row {problem.row}, {problem.column}: {problem.problem}", markup=False, highlight=False)
    for text in summary.warnings:
        err.print(text, markup=False, highlight=False)
    if summary.refused > len(summary.problems):
        where = f"; all of them in the column {summary.model}.problem" if output is not None else ""
        err.print(f"… {summary.refused} rows in all{where}", markup=False, highlight=False)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(help="Folder that `consilium train risk` wrote.")],
    table: Annotated[Path, typer.Argument(help="A .csv or .parquet table with the columns of training.")],
    output: Annotated[Path, typer.Option("--out", help="Where to write the table with the risks (.csv or .parquet).")],
    as_json: Json = False,
) -> None:
    """Apply a trained model to a table."""
    from tools.risk.table import read_table, write_table
    from tools.risk.train.store import TrainedModel

    model = TrainedModel.load(folder)
    frame = read_table(table)
    risk = model.risk(frame)
    write_table(frame, {f"risk of {model.target}": risk}, output)
    warnings = model.encoder.outside(frame)
    if as_json:
        made = {"rows": len(risk), "mean": float(risk.mean()), "learner": model.learner, "target": model.target}
        print_json({**made, "warnings": warnings})
        return
    for text in warnings:
        err.print(text, markup=False, highlight=False)
    out.print(f"{len(risk)} rows, mean risk {risk.mean():.3f}, written to {output.name}", markup=False)


@app.command()
def polygenic(
    scores: Annotated[Path, typer.Option("--scores", help="A PGS-Catalog scoring file (.txt or .txt.gz).")],
    vcf: Annotated[Path, typer.Option("--vcf", help="A VCF or BCF with genotypes.")],
    assembly: Annotated[str, typer.Option(help="GRCh37 or GRCh38, of the VCF; there is no default.")],
    sample: Annotated[str | None, typer.Option(help="Sample, where the file has several.")] = None,
    as_json: Json = False,
) -> None:
    """Compute a polygenic score. It is a raw sum: without a reference population it is no risk."""
    from tools.risk.polygenic import read_scoring_file, score_sample

    if assembly not in ("GRCh37", "GRCh38"):
        raise ToolRetry("--assembly is GRCh37 or GRCh38.")
    for path in (scores, vcf):
        if not path.is_file():
            raise BadInput(path.name, "the file", "it is not there", "a file")
    made = score_sample(read_scoring_file(scores, scores.name), vcf, vcf.name, assembly, sample)  # type: ignore[arg-type]
    if as_json:
        print_json(made)
        return
    out.print(
        f"{made.identifier or made.name} ({made.trait}), sample {made.sample}: {made.score:.6g} from {made.matched} of "
        f"{made.variants} variants, {made.missing} missing",
        markup=False,
    )


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    made = []
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ToolRetry(f"{text[:40]!r} is not of the form column=unit.")
        made.append((name, value))
    return made
