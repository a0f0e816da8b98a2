"""Whether anaphylaxis that a note names is happening now: it counts where signs of two organs stand beside it.

Skin or mucosa, airway and breathing, circulation: World Allergy Organization 2020, doi 10.1016/j.waojou.2020.100472.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.facts import Fact
from tools.notes.finding import Finding

_ORGANS = {
    "symptom.urticaria": "skin",
    "symptom.throat_swelling": "airway",
    "symptom.stridor": "airway",
    "symptom.wheeze": "airway",
    "symptom.dyspnoea": "airway",
    "vital.systolic_bp": "circulation",
    "symptom.syncope": "circulation",
}
_LOW_MMHG = 90


def acute_anaphylaxis(found: Iterable[Finding]) -> Iterator[Finding]:
    """The anaphylaxis of a patient in whom two organs are affected, at the characters that name it."""
    findings = [f for f in found if f.usable and f.experiencer == "patient"]
    organs = {_ORGANS[f.fact.name] for f in findings if f.fact.name in _ORGANS and _is_there(f)}
    named = [f for f in findings if f.fact.name == "condition.anaphylaxis_history" and f.fact.value is True]
    for one in named:
        if len(organs) >= 2 and one.time == "current" and one.section not in ("allergies", "past"):
            yield one.model_copy(update={"fact": Fact(name="condition.anaphylaxis_acute", value=True)})


def _is_there(finding: Finding) -> bool:
    if finding.fact.name == "vital.systolic_bp":
        return float(finding.fact.canonical()) < _LOW_MMHG and finding.phase in ("unspecified", "admission")
    return finding.fact.value is True and finding.time == "current"
