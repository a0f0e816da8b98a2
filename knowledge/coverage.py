"""What the recommendations cover: disease by topic."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from knowledge.recommendations import Topic, recommendations

TOPICS: tuple[str, ...] = get_args(Topic)


def coverage_table() -> dict[str, Counter[str]]:
    """For each disease slug the number of current recommendations on each topic."""
    store = recommendations()
    table: dict[str, Counter[str]] = {}
    for recommendation in store.current():
        for disease in store.guideline_of(recommendation).diseases:
            table.setdefault(disease, Counter())[recommendation.topic] += 1
    return dict(sorted(table.items()))


def coverage_markdown() -> str:
    """The page `docs/knowledge-coverage.md`."""
    store = recommendations()
    current = [g for g in store.guidelines.values() if g.status == "current"]
    jobs = Counter(r.job for r in store.current())
    lines = [
        "# What the guidelines cover",
        "",
        "Made by `consilium knowledge coverage > docs/knowledge-coverage.md`; do not edit.",
        "",
        f"{sum(1 for _ in store.current())} current recommendations of {len(current)} guidelines; "
        f"{len(store.guidelines) - len(current)} superseded editions are kept. "
        f"{jobs['tumour_diagnosis']} are on diagnosing tumours, {jobs['disease_prediction']} on predicting disease and "
        f"{jobs['personalised_treatment']} on personalised treatment.",
        "",
        "A recommendation counts under every disease that its guideline names.",
        "",
        "| disease | " + " | ".join(topic.replace("_", " ") for topic in TOPICS) + " |",
        "|---|" + "---:|" * len(TOPICS),
    ]
    for disease, row in coverage_table().items():
        cells = (str(row[topic]) if row[topic] else "" for topic in TOPICS)
        lines.append(f"| {disease.replace('_', ' ')} | " + " | ".join(cells) + " |")
    lines += ["", "| guideline | organisation | year | recommendations | status |", "|---|---|---:|---:|---|"]
    counts = Counter(r.guideline_id for r in store)
    for guideline in sorted(store.guidelines.values(), key=lambda g: g.id):
        lines.append(
            f"| [{guideline.title['en']}]({guideline.identifier}) | {guideline.organisation['en']} | {guideline.year} "
            f"| {counts[guideline.id]} | {guideline.status} |"
        )
    return "\n".join(lines) + "\n"
