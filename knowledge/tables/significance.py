"""ClinVar's words, reduced to terms that can be compared.

Review stars as ClinVar defines them: practice guideline 4, expert panel 3, several submitters who agree 2, one
submitter with criteria or conflicting submitters 1, the rest 0.
"""

from __future__ import annotations

from typing import Literal

Significance = Literal[
    "pathogenic",
    "likely_pathogenic",
    "uncertain_significance",
    "likely_benign",
    "benign",
    "conflicting",
    "drug_response",
    "risk_factor",
    "other",
]

LABELS: dict[str, str] = {
    "pathogenic": "pathogenic",
    "likely_pathogenic": "likely pathogenic",
    "uncertain_significance": "of uncertain significance",
    "likely_benign": "likely benign",
    "benign": "benign",
    "conflicting": "of conflicting significance",
    "drug_response": "a drug-response variant",
    "risk_factor": "a risk factor",
    "other": "of other significance",
}

_TERMS: dict[str, Significance] = {
    "pathogenic": "pathogenic",
    "likely pathogenic": "likely_pathogenic",
    "uncertain significance": "uncertain_significance",
    "likely benign": "likely_benign",
    "benign": "benign",
    "drug response": "drug_response",
    "risk factor": "risk_factor",
    "pathogenic/likely pathogenic": "pathogenic",
    "benign/likely benign": "benign",
}

_SIDES: dict[str, str] = {
    "pathogenic": "pathogenic",
    "likely_pathogenic": "pathogenic",
    "uncertain_significance": "uncertain",
    "likely_benign": "benign",
    "benign": "benign",
}


def classify_significance(text: str) -> Significance:
    """One term for a ClinVar significance, which may list several (`Benign;Likely benign`).

    Terms on one side of "uncertain" join to the stronger-worded single class that all submitters share a side on
    (pathogenic with likely pathogenic: likely pathogenic; the same for benign); terms of different sides conflict.
    """
    words = [word.strip().lower().replace("_", " ") for word in text.replace("|", ";").replace(",", ";").split(";")]
    terms = [_TERMS.get(word) for word in words]
    if any("conflicting" in word for word in words):
        return "conflicting"
    classes = {term for term in terms if term in _SIDES}
    if not classes:
        if "drug_response" in terms:
            return "drug_response"
        return "risk_factor" if "risk_factor" in terms else "other"
    if len({_SIDES[term] for term in classes if term}) > 1:
        return "conflicting"
    if len(classes) == 1:
        return next(term for term in classes if term)
    return "likely_pathogenic" if "pathogenic" in classes else "likely_benign"


def review_stars(text: str) -> int:
    """Stars of a ClinVar review status."""
    words = text.lower().replace("_", " ")
    if "practice guideline" in words:
        return 4
    if "expert panel" in words:
        return 3
    if "no conflicts" in words:
        return 2
    if "criteria provided" in words and "no assertion" not in words:
        return 1
    return 0
