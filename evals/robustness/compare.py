"""Each case as written and changed, and what of its conclusions and recommendations stays."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from evals.cases.model import WANTED, ScriptedCase, Suite
from evals.robustness.changes import CHANGES, OF_NOTES, TAKES_AWAY, TOLD
from evals.robustness.noted import told_in_a_note
from evals.run import run_case
from evals.scoring.case_score import CaseScore, score
from evals.scoring.intervals import Estimate, clustered, wilson
from evals.scoring.looking import cited_recommendations
from evals.scoring.outcome import Outcome
from knowledge.recommendations import recommendations
from tools.evidence import Record

Runner = Callable[[ScriptedCase], Outcome]


class Compared(Record):
    """One case under one change.

    Attributes:
        conclusions: (kept, all) expectations that were met and are met still; of a missing modality, those that must
            not be said.
        recommendations: (in both, in either) recommendations cited as applying; of a missing modality, (not new, all).
        lost, gained: what differs, in words; harms: new harmful advice.
    """

    case_id: str
    change: str
    conclusions: tuple[int, int]
    recommendations: tuple[int, int]
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    harms: tuple[str, ...] = ()
    error: str | None = None

    @property
    def same(self) -> bool:
        """Whether every conclusion and recommendation stayed, and nothing does harm."""
        whole = self.conclusions[0] == self.conclusions[1] and self.recommendations[0] == self.recommendations[1]
        return self.error is None and whole and not self.harms


class Row(Record):
    """One kind of change over all cases that it changes."""

    change: str
    cases: Estimate
    conclusions: Estimate
    recommendations: Estimate
    harms: int
    not_scored: int


def compare_suites(suites: Iterable[Suite], runner: Runner = run_case, only: Sequence[str] = ()) -> list[Compared]:
    """Run every case (of `only`, where named) as written and under each change.

    Changes of how a note is written are compared with the case told in a note, where its facts can be.
    """
    found = []
    for case in (case for suite in suites for case in suite.cases if not only or case.id in only):
        written = (case, runner(case))
        told = told_in_a_note(case)
        noted = written if told is None else (told, runner(told))
        if told is not None:
            found.append(compare(TOLD, case, (written[1], score(case, written[1])), noted[1]))
        for name, change in CHANGES.items():
            base, before = noted if name in OF_NOTES else written
            changed = change(base, random.Random(case.id))
            if changed is not None:
                found.append(compare(name, case, (before, score(case, before)), runner(changed)))
    return found


def compare(change: str, case: ScriptedCase, base: tuple[Outcome, CaseScore], after: Outcome) -> Compared:
    """What of a run stays under a change. A run that did not end could not be scored."""
    before, was = base
    is_now = score(case, after)
    if was.error or is_now.error:
        return Compared(case_id=case.id, change=change, conclusions=(0, 0), recommendations=(0, 0),
                        error=was.error or is_now.error)  # fmt: skip
    takes = change in TAKES_AWAY
    met = [(a, b) for a, b in zip(was.judged, is_now.judged, strict=True) if a.met and not (takes and a.role in WANTED)]
    lost = [f"{a.role} {a.check}" for a, b in met if not b.met]
    old, new = recommended(before, rests_on_it=takes), recommended(after, rests_on_it=takes)
    agreed = (len(new) - len(new - old), len(new)) if takes else (len(old & new), len(old | new))
    return Compared(
        case_id=case.id,
        change=change,
        conclusions=(len(met) - len(lost), len(met)),
        recommendations=agreed,
        lost=(*lost, *(() if takes else sorted(old - new))),
        gained=tuple(sorted(new - old)),
        harms=tuple(h.text for h in is_now.harms if h.drug not in {item.drug for item in was.harms}),
    )


def recommended(outcome: Outcome, *, rests_on_it: bool = False) -> set[str]:
    """Ids of the recommendations that the draft cites as applying.

    Args:
        rests_on_it: only those to treat or to avoid, which a finding has to speak for; that a test is advised where its
            result is missing, or prevention where nothing else is known, is right.
    """
    ledger, store = outcome.ledger(), recommendations().by_id
    items = [item for item, status in outcome.turns[0].statements() if status != "unsupported"]
    found = {name for item in items for name in cited_recommendations(item, ledger)}
    if not rests_on_it:
        return found
    return {name for name in found if name not in store or store[name].action.type in ("treat", "avoid")}


def table(compared: Sequence[Compared]) -> list[Row]:
    """A row for each kind of change, in the order of `CHANGES`; intervals draw whole cases."""
    rows = []
    for change in (TOLD, *CHANGES):
        mine = [item for item in compared if item.change == change]
        kept = [item for item in mine if item.error is None]
        rows.append(
            Row(
                change=change,
                cases=wilson(sum(item.same for item in kept), len(kept)),
                conclusions=clustered([item.conclusions for item in kept]),
                recommendations=clustered([item.recommendations for item in kept]),
                harms=sum(len(item.harms) for item in kept),
                not_scored=len(mine) - len(kept),
            )
        )
    return rows
