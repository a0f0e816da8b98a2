"""`consilium risk`: published risk models from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import err, new_app, out, print_json, print_table
from knowledge.errors import BadInput, ToolFailed, ToolRetry
from knowledge.factbook import FactBook
from knowledge.facts import vocabulary
from tools.risk.catalogue import get_model, models
from tools.risk.compute import Estimate, estimate
from tools.risk.explain import SweepPoint
from tools.risk.inputs import facts_from, parse_fact
from tools.risk.model import RiskModel
from tools.risk.resolve import describe, resolve

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
        *(f"Not used if: {rule.why}" for rule in found.rules),
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


@app.command()
def compute(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="name=value or name='value unit'; may be repeated.")
    ] = None,
    what_if: Annotated[
        list[str] | None, typer.Option("--what-if", help="name=value to change; the results are compared.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each input contributes.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the contributions as an SVG picture.")] = None,
    sweep: Annotated[str | None, typer.Option(help="Run this input over its range and print the results.")] = None,
    as_json: Json = False,
) -> None:
    """Compute one model from typed inputs. Exit code 2: something is missing or wrong; 1: it does not apply."""
    found = get_model(model)
    facts = facts_from(inputs or [], found)
    before = estimate(found, facts)
    after = None
    if what_if:
        from tools.risk.tool import Override, what_if_facts

        changes = [parse_fact(text, found) for text in what_if]
        changed = what_if_facts(facts, [Override(name=f.name, value=f.value, unit=f.unit) for f in changes])
        after = estimate(found, changed) if changed is not None else None
    details = None
    if (explain or plot) and before.status == "computed":
        from tools.risk.explain import explain as contributions
        from tools.risk.explain import influences

        resolved = resolve(found, facts)
        details = (contributions(found, resolved), influences(found, resolved))
        if plot is not None:
            from tools.risk.plots import contributions_svg

            plot.write_text(contributions_svg(details[0]), encoding="utf-8")
    points = _sweep(found, facts, sweep) if sweep and before.status == "computed" else ()
    if as_json:
        body = {"estimate": before.model_dump(mode="json")}
        if points:
            body["sweep"] = [p.model_dump() for p in points]  # type: ignore[assignment]
        if after is not None:
            body["what_if"] = after.model_dump(mode="json")
        if details is not None:
            body["explanation"] = details[0].model_dump(mode="json")
            body["influences"] = [i.model_dump(mode="json") for i in details[1]]  # type: ignore[assignment]
        print_json(body)
    else:
        _print_estimate(before)
        if after is not None:
            out.print("With the changes:", markup=False)
            _print_estimate(after)
        if details is not None:
            rows = [
                (c.label, f"{c.on_model_scale:+.3f}", f"{c.on_result_scale:+.2f}") for c in details[0].contributions
            ]
            print_table(("input", details[0].scale, "change of the result"), rows)
            out.print(f"Reference: {details[0].reference_patient}", markup=False, highlight=False)
        if points:
            print_table((str(sweep), before.main().title), [(f"{p.value:g}", f"{p.result:.3g}") for p in points])
    refuse(before)


def _sweep(found: RiskModel, facts: FactBook, name: str) -> tuple[SweepPoint, ...]:
    from tools.risk.explain import sweep as run_sweep
    from tools.risk.explain import sweep_values

    resolved = resolve(found, facts)
    key = next((i.name for i in found.inputs if name in (i.name, i.fact, i.fact.rsplit(".", 1)[-1])), name)
    if key not in resolved.numbers:
        raise ToolRetry(f"{found.title} has no input {name!r}; it has {', '.join(resolved.numbers)}.")
    return run_sweep(found, resolved, key, sweep_values(found.input(key), resolved.numbers[key]))


def _print_estimate(one: Estimate) -> None:
    from tools.risk.sentences import claim

    for output in one.outputs:
        meaning = f" {output.meaning}" if output.meaning else ""
        out.print(claim(one, output) + meaning, markup=False, highlight=False)
    for text in one.assumptions:
        err.print(f"Assumed: {text}", markup=False, highlight=False)


def refuse(one: Estimate) -> None:
    """Raise the typed error of an estimate that has no result: wrong use (2) or not applicable (1)."""
    if one.status == "computed":
        return
    text = " ".join(problem.text for problem in one.problems)
    raise (ToolFailed if one.status == "not_applicable" else ToolRetry)(text)


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
        _print_estimate(answer.estimate)
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

    summary = run_cohort(table, get_model(model), output, dict(_pairs(unit or [])), device)
    if as_json:
        print_json(summary)
        return
    out.print(f"{summary.computed} of {summary.rows} rows computed in {summary.seconds:.2f} s", markup=False)
    for item in summary.summary:
        out.print(f"{item.title}: median {item.median:.2f}, 5-95 % {item.p5:.2f} to {item.p95:.2f}", markup=False)
    for problem in summary.problems:
        err.print(f"row {problem.row}, {problem.column}: {problem.problem}", markup=False, highlight=False)
    if summary.refused > len(summary.problems):
        err.print(f"… {summary.refused} problems in all", markup=False)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(help="Folder that `consilium train risk` wrote.")],
    table: Annotated[Path, typer.Argument(help="A .csv or .parquet table with the columns of training.")],
    output: Annotated[Path, typer.Option("--out", help="Where to write the table with the risks (.csv or .parquet).")],
    as_json: Json = False,
) -> None:
    """Apply a trained model to a table."""
    from tools.risk.cohort import read_table, write_table
    from tools.risk.train.store import TrainedModel

    model = TrainedModel.load(folder)
    frame = read_table(table)
    risk = model.risk(frame)
    write_table(frame, {f"risk of {model.target}": risk}, output)
    if as_json:
        print_json({"rows": len(risk), "mean": float(risk.mean()), "learner": model.learner, "target": model.target})
        return
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
