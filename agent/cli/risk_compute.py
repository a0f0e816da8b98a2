"""`consilium risk compute`: one model from typed inputs, with what-if, contributions, a sweep, and pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, out, print_json, print_table
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.factbook import FactBook
from knowledge.facts import Fact
from tools.risk.catalogue import get_model
from tools.risk.compute import Estimate, estimate
from tools.risk.inputs import facts_from, parse_fact
from tools.risk.model import RiskModel

if TYPE_CHECKING:
    from tools.risk.explain import Explanation, Influence, Sweep

_MOST_CHANGED = 12


@dataclass
class Asked:
    """What was asked of one model, and the answers; None or empty where it was not asked."""

    model: RiskModel
    before: Estimate
    changes: Sequence[Fact] = ()
    after: Estimate | None = None
    explanation: Explanation | None = None
    influences: Sequence[Influence] = ()
    sweep: Sweep | None = None
    refused: ToolFailed | None = None


def compute(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="name=value or name='value unit'; may be repeated.")
    ] = None,
    what_if: Annotated[
        list[str] | None, typer.Option("--what-if", help="name=value to change; the results are compared.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each input contributes.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(help="An SVG picture of the sweep, of the what-if, else of the contributions; several get names."),
    ] = None,
    sweep: Annotated[str | None, typer.Option(help="Run this input over its range and print the results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compute one model from typed inputs. Exit code 2: something is missing or wrong; 1: it does not apply."""
    found = get_model(model)
    facts = facts_from(inputs or [], found)
    asked = Asked(found, estimate(found, facts))
    if what_if:
        _change(asked, facts, what_if)
    if asked.before.status == "computed":
        _explain(asked, facts, explain=explain or (plot is not None and not what_if and not sweep), sweep=sweep)
    drawn = _draw(asked, facts, plot) if plot is not None and asked.before.status == "computed" else []
    if as_json:
        print_json(_record(asked, drawn))
    else:
        _print(asked, drawn)
    refuse(asked.before)
    if asked.after is not None:
        refuse(asked.after)
    if asked.refused is not None:
        raise asked.refused


def _change(asked: Asked, facts: FactBook, texts: Sequence[str]) -> None:
    """The estimate with the changes in place."""
    asked.changes = [parse_fact(text, asked.model) for text in texts]
    used = {item.fact for item in asked.model.inputs} | {name for item in asked.model.inputs for name in item.also}
    asked.after = estimate(asked.model, _changed(facts, asked.changes))
    idle = [f for f in asked.changes if f.name not in used]
    if idle and len(idle) == len(asked.changes) and asked.after.outputs == asked.before.outputs:
        names = ", ".join(f.spec.label["en"] for f in idle)
        raise ToolRetry(f"{asked.model.title} does not use {names}; it uses {_names(asked.model)}.")


def _changed(facts: FactBook, changes: Sequence[Fact]) -> FactBook:
    from tools.risk.tool import Override, what_if_facts

    made = what_if_facts(facts, [Override(name=f.name, value=f.value, unit=f.unit) for f in changes])
    return facts if made is None else made


def _names(model: RiskModel) -> str:
    return ", ".join(item.name for item in model.inputs)


def _explain(asked: Asked, facts: FactBook, *, explain: bool, sweep: str | None) -> None:
    """Contributions, influences and the sweep, where they are asked for."""
    from tools.risk.explain import explain as contributions
    from tools.risk.explain import influences, run_over
    from tools.risk.resolve import resolve

    resolved = resolve(asked.model, facts)
    try:
        if explain:
            asked.explanation = contributions(asked.model, resolved)
            asked.influences = influences(asked.model, resolved)
        if sweep is not None:
            asked.sweep = run_over(asked.model, resolved, sweep)
    except ToolFailed as failed:  # said after the result
        asked.refused = failed


def _draw(asked: Asked, facts: FactBook, path: Path) -> list[Path]:
    """The pictures of what was asked, in the file of that name, or in one with a further word for each of several."""
    from tools.risk.plots import contributions_svg, sweep_svg
    from tools.risk.what_if import picture

    made: dict[str, str] = {}
    if asked.explanation is not None:
        made["contributions"] = contributions_svg(asked.explanation)
    if asked.after is not None and asked.after.status == "computed":
        svg = picture(asked.model, asked.before, asked.after, facts, _changed(facts, asked.changes), asked.changes)
        if svg is not None:
            made["what-if"] = svg
    if asked.sweep is not None:
        made["sweep"] = sweep_svg(asked.sweep)
    alone = len(made) == 1
    written = [path if alone else path.with_stem(f"{path.stem}-{name}") for name in made]
    for file, svg in zip(written, made.values(), strict=True):
        file.write_text(svg, encoding="utf-8")
    return written


def _record(asked: Asked, drawn: Sequence[Path]) -> dict[str, Any]:
    body: dict[str, Any] = {"estimate": asked.before.model_dump(mode="json")}
    if asked.after is not None:
        body["what_if"] = asked.after.model_dump(mode="json")
        body["differences"] = _differences(asked.before, asked.after)
    if asked.explanation is not None:
        body["explanation"] = asked.explanation.model_dump(mode="json")
        body["influences"] = [item.model_dump(mode="json") for item in asked.influences]
    if asked.sweep is not None:
        body["sweep"] = [point.model_dump(mode="json") for point in asked.sweep.points]
    if drawn:
        body["pictures"] = [str(file) for file in drawn]
    return body


def _differences(before: Estimate, after: Estimate) -> dict[str, float]:
    """Result with the changes minus result now, by key, in the unit of the result."""
    then = {o.key: o.value for o in after.outputs}
    found = {}
    for one in before.outputs:
        value = then.get(one.key)
        if one.value is not None and value is not None and one.kind not in ("category", "date"):
            found[one.key] = value - one.value
    return found


def _print(asked: Asked, drawn: Sequence[Path]) -> None:
    print_estimate(asked.before)
    if asked.after is not None:
        _print_change(asked, asked.after)
    if asked.explanation is not None:
        _print_contributions(asked.model, asked.explanation, asked.influences)
    if asked.sweep is not None:
        results = (f"{point.result:.4g}" for point in asked.sweep.points)
        shown = list(zip(asked.sweep.names, results, strict=True))
        print_table((asked.sweep.label, asked.sweep.result), shown)
    for file in drawn:
        out.print(f"Picture: {file.name}", markup=False, highlight=False)


def _print_change(asked: Asked, after: Estimate) -> None:
    from tools.risk.sentences import claim, comparison

    later = {o.key: o for o in after.outputs}
    for output in asked.before.outputs:
        if output.key not in later:
            continue
        then = later[output.key]
        if output.shown is None or then.shown is None:
            text = f"With the changes: {claim(after, then)}"
        else:
            text = comparison(asked.before, output, then, asked.changes)[0]
        out.print(text, markup=False, highlight=False)


def _print_contributions(model: RiskModel, explanation: Explanation, influences: Sequence[Influence]) -> None:
    from tools.risk.explain import value_text

    rows = [
        (c.label, f"{c.on_model_scale:+.3f}", f"{c.on_result_scale:+.2f}")
        for c in explanation.contributions[:_MOST_CHANGED]
    ]
    total = sum(c.on_result_scale for c in explanation.contributions)
    scaled = sum(c.on_model_scale for c in explanation.contributions)
    rest = explanation.contributions[_MOST_CHANGED:]
    if rest:
        sums = sum(c.on_model_scale for c in rest), sum(c.on_result_scale for c in rest)
        rows.append((f"{len(rest)} others", f"{sums[0]:+.3f}", f"{sums[1]:+.2f}"))
    rows.append(("together", f"{scaled:+.3f}", f"{total:+.2f}"))
    scale = explanation.scale if explanation.scale != "result" else "points"
    print_table(("input", scale, "change of the result"), rows)
    out.print(
        f"{explanation.output}: {explanation.reference_result:.4g} for the reference patient, {explanation.result:.4g} "
        f"here. Reference: {explanation.reference_patient}",
        markup=False,
        highlight=False,
    )
    if influences:
        shown = [
            (i.label, value_text(model, i.key, i.value), value_text(model, i.key, i.reference), f"{i.result:.4g}",
             f"{i.difference:+.4g}")
            for i in influences
        ]  # fmt: skip
        print_table(("changeable input", "now", "reference", "result then", "difference"), shown)


def print_estimate(one: Estimate) -> None:
    """Print the sentences of an estimate, and what was taken for granted on the error stream."""
    from tools.risk.sentences import assumed_parts, claim

    for output in one.outputs:
        meaning = f" {output.meaning}" if output.meaning else ""
        out.print(claim(one, output) + meaning, markup=False, highlight=False)
    for text in assumed_parts(one):
        err.print(f"Assumed: {text}", markup=False, highlight=False)


def refuse(one: Estimate) -> None:
    """Raise the typed error of an estimate that has no result: wrong use (2) or not applicable (1)."""
    if one.status == "computed":
        return
    text = " ".join(problem.text for problem in one.problems)
    raise (ToolFailed if one.status == "not_applicable" else ToolRetry)(text)
