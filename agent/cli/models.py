"""`consilium models`: the registry of segmentation models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import new_app, out, print_json, print_table

app = new_app("Segmentation models: the embedded one, and MONAI bundles that you add.")


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the models."""
    from tools.imaging.bundles import models

    found = models()
    if as_json:
        print_json([model.model_dump(mode="json") for model in found])
        return
    print_table(
        ("name", "kind", "modality", "what it does"), [(m.name, m.kind, m.modality, m.description) for m in found]
    )


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="Folder of a MONAI bundle.")],
    name: Annotated[str | None, typer.Option(help="Name to register it under; the folder's name if left out.")] = None,
) -> None:
    """Check a MONAI bundle, copy it and pin its files by SHA-256."""
    from tools.imaging.bundles import add_bundle

    model = add_bundle(path, name)
    out.print(f"Added {model.name}: {len(model.files)} files pinned.")


@app.command()
def info(name: str, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Describe a model: its files, hashes and card."""
    from tools.imaging.bundles import card_of, model_named

    model = model_named(name)
    card = card_of(name)
    if as_json:
        print_json({**model.model_dump(mode="json"), "card": card})
        return
    print_table(
        ("file", "SHA-256"), sorted(model.files.items()), title=f"{model.name} ({model.kind}, {model.modality})"
    )
    out.print(card, markup=False)
