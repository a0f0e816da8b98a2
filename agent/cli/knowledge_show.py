"""Showing and listing for `consilium knowledge`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.cli.common import out, print_json, print_table
from knowledge.describe import criterion_lines, label
from knowledge.errors import ToolRetry
from knowledge.recommendations import Recommendation, Recommendations, in_language, recommendations


def show(name: str, language: str, page: int | None, as_json: bool, image: Path | None = None) -> None:
    """Show what `name` names, or draw its page into `image`. Raises `ToolRetry` where nothing has that id."""
    store = recommendations()
    if image is not None:
        _draw(name, page, image, as_json)
        return
    if name in store.by_id:
        _show_recommendation(store.by_id[name], store, language, as_json)
    elif name in store.guidelines:
        _show_guideline(name, store, language, as_json)
    else:
        _show_document(name, page, as_json, store)


def _show_recommendation(recommendation: Recommendation, store: Recommendations, language: str, as_json: bool) -> None:
    guideline = store.guideline_of(recommendation)
    others = store.disagreements.get(recommendation.id, ())
    if as_json:
        body = recommendation.model_dump(mode="json") | {"guideline": guideline.model_dump(mode="json")}
        print_json(body | {"disagrees_with": list(others)})
        return
    action = recommendation.action
    names = [label(name, language) for name in (*action.drugs, *action.tests)]
    rows = [
        ("text", in_language(recommendation.text, language)),
        ("source", f"{guideline.organisation['en']}, {in_language(guideline.title, language)}, {guideline.year}"),
        ("section", recommendation.section),
        ("identifier", guideline.identifier),
        ("status", guideline.status + (f", by {guideline.superseded_by}" if guideline.superseded_by else "")),
        ("strength", f"{recommendation.strength} ({guideline.grading})"),
        ("certainty", recommendation.certainty),
        ("action", f"{action.type}: {', '.join(names)}" if names else action.type),
        ("dose", action.dose or ""),
        ("applies when", "\n".join(criterion_lines(recommendation.criterion, language))),
        ("says otherwise", "\n".join(others)),
        ("checked", recommendation.checked),
    ]
    print_table(("", recommendation.id), [row for row in rows if row[1]])


def _show_guideline(name: str, store: Recommendations, language: str, as_json: bool) -> None:
    guideline = store.guidelines[name]
    members = [r for r in store if r.guideline_id == name]
    if as_json:
        print_json(guideline.model_dump(mode="json") | {"recommendations": [r.id for r in members]})
        return
    title = f"{in_language(guideline.title, language)} ({guideline.organisation['en']}, {guideline.year})"
    _line(title)
    _line(f"{guideline.identifier}  {guideline.status}  grading: {guideline.grading}")
    for r in members:
        _line(f"{r.id}  [{r.topic}; {r.strength}/{r.certainty}]")
        _line(f"    {in_language(r.text, language)}")


def _show_document(name: str, page: int | None, as_json: bool, store: Recommendations) -> None:
    import difflib

    from knowledge.ingest.library import document_page, find_document

    document = find_document(name.partition("#")[0])
    if document is None:
        near = difflib.get_close_matches(name, [*store.by_id, *store.guidelines], n=3, cutoff=0.5)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise ToolRetry(f"No recommendation, guideline or document has the id {name!r}.{hint}")
    if "#" in name and page is None:
        _show_passage(name, as_json)
        return
    if page is not None:
        text = document_page(document.id, page)
        if as_json:
            print_json({"id": document.id, "page": page, "text": text})
        else:
            _line(text)
        return
    if as_json:
        print_json(document)
    else:
        print_table(("", document.id), ((k, v) for k, v in document.model_dump(mode="json").items() if v is not None))


def _draw(name: str, page: int | None, image: Path, as_json: bool) -> None:
    """Write the page of a document (or of a passage, coloured) as PNG."""
    from tools.guidelines.documents import document_image, passage_image

    drawn = passage_image(name) if "#" in name else document_image(name, page or 1)
    try:
        image.write_bytes(drawn.png)
    except OSError as error:
        raise ToolRetry(f"{image.name} cannot be written: {error.strerror}.") from None
    if as_json:
        print_json(drawn.model_dump(mode="json", exclude={"png"}))
    else:
        share = f", {100 * drawn.found:.0f} % of the passage marked" if "#" in name else ""
        _line(f"{image.name}: {drawn.width_px} x {drawn.height_px} pixels{share}.")


def _show_passage(name: str, as_json: bool) -> None:
    """The page that a passage stands on, with the passage marked."""
    from rich.text import Text

    from knowledge.ingest.library import document_page, find_passage

    passage = find_passage(name)
    page = document_page(passage.document_id, passage.page or 1)
    if as_json:
        print_json({"passage": passage.model_dump(mode="json", exclude={"hints"}), "page_text": page})
        return
    _line(f"{passage.document}, page {passage.page}, {passage.section}")
    text = Text(page)
    text.stylize("reverse", passage.start or 0, passage.end)
    out.print(text, soft_wrap=True)


def list_everything(disease: str | None, topic: str | None, everything: bool, as_json: bool) -> None:
    """List guidelines (or recommendations) and documents."""
    from knowledge.ingest.library import documents

    store = recommendations()
    chosen = [
        r
        for r in store
        if (topic is None or r.topic == topic) and (disease is None or disease in store.guideline_of(r).diseases)
    ]
    added = [] if disease or topic else documents()
    if as_json:
        print_json(
            {
                "guidelines": [_guideline_row(g, chosen, store) for g in dict.fromkeys(r.guideline_id for r in chosen)],
                "recommendations": [_recommendation_row(r) for r in chosen] if everything else None,
                "documents": [d.model_dump(mode="json") for d in added],
            }
        )
        return
    if everything:
        for r in chosen:
            _line(f"{r.id}  [{r.topic}; {r.strength}/{r.certainty}]")
            _line(f"    {r.text['en']}")
    else:
        for name in dict.fromkeys(r.guideline_id for r in chosen):
            row = _guideline_row(name, chosen, store)
            mark = "" if row["status"] == "current" else " (superseded)"
            _line(f"{name:<34}{row['year']}{row['recommendations']:>4}  {row['title']}{mark}")
    for document in added:
        _line(f"{document.id:<34}{document.year or '':<4}{document.passages:>4}  {document.title}")


def _line(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _guideline_row(name: str, chosen: list[Recommendation], store: Recommendations) -> dict[str, Any]:
    guideline = store.guidelines[name]
    return {
        "id": name,
        "title": guideline.title["en"],
        "organisation": guideline.organisation["en"],
        "year": guideline.year,
        "status": guideline.status,
        "diseases": list(guideline.diseases),
        "identifier": guideline.identifier,
        "recommendations": sum(r.guideline_id == name for r in chosen),
    }


def _recommendation_row(recommendation: Recommendation) -> dict[str, Any]:
    return {
        "id": recommendation.id,
        "topic": recommendation.topic,
        "job": recommendation.job,
        "strength": recommendation.strength,
        "certainty": recommendation.certainty,
        "text": recommendation.text["en"],
    }
