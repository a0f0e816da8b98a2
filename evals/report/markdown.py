"""RESULTS.md: what was run, the table with intervals, every failure with its reason and example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evals.report.summary import Summary
from evals.scoring.case_score import SHARES, CaseScore
from evals.scoring.confidence import by_level
from evals.scoring.intervals import Estimate, wilson

# Published results on 20 multimodal oncology cases, for orientation: Ferber 2025, 10.1038/s43018-025-00991-6.
PUBLISHED = {"calls_required": 0.875, "conclusions": 0.910, "citation_precision": 0.755, "completeness": 0.872}
MAX_EXAMPLE = 240


def shown(estimate: Estimate) -> str:
    """`87.5 % (80.1 to 92.3)`, or that nothing could be scored."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "could not be scored"
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def table_rows(summary: Summary) -> list[tuple[str, str, str, str]]:
    """(name, value with interval, number, published) of each dimension."""
    rows = [("cases all right", shown(summary.correct_share), str(summary.correct_share.number), "")]
    for name in SHARES:
        published = f"{100 * PUBLISHED[name]:.1f} %" if name in PUBLISHED else ""
        rows.append((name, shown(summary.shares[name]), str(summary.shares[name].number), published))
    rows.append(("harms", str(summary.harms), str(summary.cases - len(summary.not_scored)), ""))
    return rows


def results_page(summary: Summary, scores: Sequence[CaseScore], others: Sequence[Summary] = ()) -> str:
    """The whole page as Markdown. `others` are kept runs of the same suites to set beside this one."""
    lines = [
        "# Results of the scripted cases",
        "",
        f"Written by `consilium eval` on {summary.date}: {summary.cases} cases of {', '.join(summary.suites)}; model "
        f"`{summary.model}`; {summary.machine}; "
        + ", ".join(f"{name} {number}" for name, number in summary.versions.items())
        + ".",
        "",
        "Shares are pooled over all items; intervals of 95 % draw whole cases 2,000 times (Wilson's for cases all "
        "right, in which every expectation is met and nothing does harm).",
        "The last column is what was published of another agent on 20 other multimodal oncology cases "
        "(Ferber 2025, 10.1038/s43018-025-00991-6): other cases and other scoring, so for orientation only.",
        "The cases were written before the agent was run on them and have served to mend it since; how it did on some "
        "when it first saw them is told in docs/evals.md. They are few and synthetic, and a recommendation "
        "that the guideline store lacks cannot be asked for by its id. `verified` is the agent's own verifier; "
        "`citation_precision` and `numbers` are computed apart from it, by words, numbers and criteria.",
        "",
        "| dimension | value (95 % interval) | items | published | counts |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {n} | {v} | {k} | {p} | {SHARES.get(n, '')} |" for n, v, k, p in table_rows(summary)]
    lines += ["", f"Seconds a case (wall clock, with other work on the machine): mean {summary.seconds_mean}, "
              f"longest {summary.seconds_longest}; in tools {summary.tool_seconds_mean}. "
              f"Tool calls {summary.tool_calls}; model calls {summary.model_calls}; tokens "
              f"{'not counted by this model' if summary.tokens is None else summary.tokens}.", ""]  # fmt: skip
    lines += _beside(summary, [item for item in others if item.suites == summary.suites])
    lines += _calibration(scores)
    lines += _groups(scores)
    lines += _failures(scores)
    lines += _unsupported(scores)
    return "\n".join(lines).rstrip() + "\n"


def _beside(summary: Summary, others: Sequence[Summary]) -> Iterable[str]:
    """Runs with another model, or with a tool left out, beside this one."""
    if not others:
        return
    runs = [summary, *(item for item in others if item.model != summary.model)]
    yield "## Other runs: other models, and tools left out"
    yield ""
    yield "| run | date | cases all right | conclusions | completeness | citation recall | harms |"
    yield "|---|---|---|---|---|---|---|"
    for run in runs:
        cells = [
            shown(run.correct_share),
            *(shown(run.shares[n]) for n in ("conclusions", "completeness", "citation_recall")),
        ]
        yield f"| {run.model} | {run.date} | {' | '.join(cells)} | {run.harms} |"
    yield ""


def _calibration(scores: Sequence[CaseScore]) -> Iterable[str]:
    """How often statements of each stated confidence were right, where an expectation decided them."""
    held = by_level([item for score in scores for item in score.stated])
    if not held:
        return
    yield "## Stated confidence"
    yield ""
    yield "Statements with a stated confidence that an expectation decided: right where it was wanted, wrong where it"
    yield "must not be there. Statements that no expectation is about are not counted."
    yield ""
    yield "| stated | right | share (95 % interval) |"
    yield "|---|---|---|"
    for level, (right, number) in held.items():
        yield f"| {level} | {right} of {number} | {shown(wilson(right, number))} |"
    yield ""


def _groups(scores: Sequence[CaseScore]) -> Iterable[str]:
    yield "## By job, language and tag"
    yield ""
    yield "| group | cases all right | conclusions | harms |"
    yield "|---|---|---|---|"
    groups = dict.fromkeys(
        [*(s.job for s in scores), *(s.language for s in scores), *(t for s in scores for t in s.tags)]
    )
    for name in groups:
        held = [s for s in scores if name in (s.job, s.language, *s.tags) and s.error is None]
        pairs = [pair for s in held if (pair := s.shares["conclusions"]) is not None]
        hits, items = sum(a for a, _ in pairs), sum(b for _, b in pairs)
        yield f"| {name} | {sum(bool(s.correct) for s in held)} of {len(held)} | {hits} of {items} | {sum(len(s.harms) for s in held)} |"  # noqa: E501
    yield ""


def _tags(scores: Sequence[CaseScore]) -> Iterable[str]:
    return (tag for item in scores for tag in item.tags)


def _failures(scores: Sequence[CaseScore]) -> Iterable[str]:
    yield "## What fails"
    yield ""
    failed = False
    for item in scores:
        lost = [judged for judged in item.judged if not judged.met]
        if not lost and not item.harms and not item.error and not item.missing_calls:
            continue
        failed = True
        yield f"### {item.case_id}"
        yield ""
        if item.error:
            yield f"- did not end: {_short(item.error)}"
        for harm in item.harms:
            yield f"- **harm** ({harm.drug or 'advice'}): “{_short(harm.text)}”"
        for judged in lost:
            turn = f" (turn {judged.turn})" if judged.turn else ""
            example = f" Said: “{_short(judged.texts[0])}”" if judged.texts else ""
            yield f"- {judged.role}{turn} {judged.check}: not met. {judged.why}.{example}"
        if item.missing_calls:
            yield f"- required calls that were not made or not answered: {', '.join(item.missing_calls)}"
        yield ""
    if not failed:
        yield "Nothing."
        yield ""


def _unsupported(scores: Sequence[CaseScore]) -> Iterable[str]:
    counted = Counter(text for item in scores for text in dict.fromkeys(item.unsupported))
    yield "## Statements that the verifier does not accept"
    yield ""
    yield f"{sum(counted.values())} in {sum(bool(item.unsupported) for item in scores)} cases; the most frequent:"
    yield ""
    for text, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:12]:
        yield f"- {number} ×: {_short(text)}"


def _short(text: str) -> str:
    flat = " ".join(text.split()).replace("|", "/")
    return flat if len(flat) <= MAX_EXAMPLE else flat[: MAX_EXAMPLE - 1] + "…"
