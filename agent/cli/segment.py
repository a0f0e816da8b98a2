"""`consilium segment`: outline and measure a lesion in one scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.common import err, new_app, out, output_folder, print_json
from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from tools.registry import ToolContext

app = new_app()


@app.command()
def segment(
    image: Annotated[Path, typer.Argument(help="DICOM folder or file, NIfTI, NRRD or MetaImage.")],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for mask, pictures and measurements.")],
    point: Annotated[
        list[str] | None,
        typer.Option(help="X,Y,Z of a point in the lesion (voxel indices of the file); once for each lesion."),
    ] = None,
    box: Annotated[
        str | None, typer.Option(help="X0,Y0,Z0,X1,Y1,Z1 of a box around it; the second corner plus one.")
    ] = None,
    world: Annotated[bool, typer.Option("--world", help="The point is in patient millimetres (LPS).")] = False,
    model: Annotated[str | None, typer.Option(help="Name of a registered model.")] = None,
    modality: Annotated[str | None, typer.Option(help="CT or MR, where the format does not record it.")] = None,
    dicom_seg: Annotated[bool, typer.Option("--dicom-seg", help="Also write DICOM Segmentation objects.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Also write a saliency picture.")] = False,
    views: Annotated[
        str | None, typer.Option(help="Also write before/after pictures of steps: denoise,contrast,…")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Outline and measure a lesion; without a point or a box a chest CT is searched."""
    from tools.imaging.enhance import step_named
    from tools.imaging.export import export_extras
    from tools.registry import call_tool

    steps = views.split(",") if views else []
    for name in steps:
        step_named(name)
    arguments: dict[str, Any] = {"imaging": "imaging-1", "model": model}
    points = [_numbers(text, 3, "--point") for text in point or []]
    where = "point_world_mm" if world else "point_voxel"
    if len(points) == 1:
        arguments[where] = points[0]
    if box is not None and len(points) > 1:
        raise ToolRetry("Give points or a box, not both.")
    if box is not None:
        arguments["box_voxels"] = [int(v) for v in _numbers(box, 6, "--box")]
    if modality not in (None, "CT", "MR"):
        raise ToolRetry("--modality is CT or MR.")
    several = [{where: values, "label": f"point {n}"} for n, values in enumerate(points, start=1)]
    context = _context(image, out_dir, modality, several if len(points) > 1 else [])
    with err.status("Reading the scan …"):
        result = call_tool("segment_lesion", {k: v for k, v in arguments.items() if v is not None}, context)
    payload = result.payload.model_dump(mode="json")
    extras = export_extras(context, payload, dicom_seg=dicom_seg, explain=explain, views=steps, model=model)
    body = {
        "claims": [item.claim for item in result.evidence],
        "warnings": list(result.warnings),
        **payload,
        "extras": extras,
    }
    (out_dir / "measurements.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    if as_json:
        print_json(body)
        return
    for item in result.evidence:
        out.print(item.claim, markup=False)
    for warning in (*result.warnings, *extras["notes"]):
        err.print(f"Note: {warning}", markup=False)
    out.print(f"Written to {out_dir}: {', '.join(context.artifacts.names())}", markup=False)


def _numbers(text: str, count: int, option: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count:
        raise ToolRetry(f"{option} takes {count} numbers with commas between them.")
    return values


def _context(image: Path, out_dir: Path, modality: str | None, prompts: list[dict[str, Any]]) -> ToolContext:
    """A case of one scan with the points of its lesions."""
    from knowledge.errors import BadInput
    from tools.artifacts import Artifacts
    from tools.case import Attachment, Case, ImagePrompt, Patient
    from tools.registry import ToolContext

    if not image.exists():
        raise BadInput(image.name, "the path", "it is not there", "a scan")
    output_folder(out_dir)
    scan = Attachment(
        handle="imaging-1",
        kind="imaging",
        name=image.name,
        sha256="0" * 64,
        path=image,
        modality=modality,
        prompts=tuple(ImagePrompt.model_validate(item) for item in prompts),
    )
    return ToolContext(
        case=Case(id="scan", patient=Patient(id="scan"), attachments=(scan,)), artifacts=Artifacts(out_dir)
    )
