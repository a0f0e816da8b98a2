"""DICOM Segmentation objects through highdicom, with coded segments, referring to the source series."""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolFailed, ToolRetry
from tools.imaging.volume import Volume

LABELS = Path(__file__).resolve().parents[2] / "knowledge" / "labels.csv"
VERSION = "1.0.0"


@dataclass(frozen=True)
class Label:
    """A row of `labels.csv`: name, colour and codes (scheme, value, meaning)."""

    value: int
    name: str
    colour: tuple[int, int, int]
    category: tuple[str, str, str]
    type: tuple[str, str, str]
    region: tuple[str, str, str] | None


@lru_cache(maxsize=1)
def labels() -> dict[str, Label]:
    """The segment labels by name in lower case."""
    made = {}
    for row in csv.DictReader(io.StringIO(LABELS.read_text(encoding="utf-8"))):

        def code(prefix: str, row: dict[str, str] = row) -> tuple[str, str, str]:
            scheme, value, meaning = (row[f"{prefix}_{part}"] for part in ("CodingScheme", "CodeValue", "CodeMeaning"))
            return scheme, value, meaning

        region = code("Region")
        made[row["Name"].lower()] = Label(
            int(row["LabelValue"]),
            row["Name"],
            (int(row["Color_R"]), int(row["Color_G"]), int(row["Color_B"])),
            code("Category"),
            code("Type"),
            region if region[1] else None,
        )
    return made


def label_named(name: str) -> Label:
    """The label of that name. Raises `ToolRetry` naming the labels there are."""
    found = labels().get(name.lower())
    if found is None:
        raise ToolRetry(f"There is no segment label {name!r}. There are: {', '.join(labels())}.")
    return found


def write_dicom_seg(
    volume: Volume, series: Path, mask: npt.NDArray[np.bool_], label: Label, out: Path, model: str
) -> None:
    """Write `mask` (over the whole volume, canonical axes) as a DICOM-SEG file at `out`.

    Args:
        series: folder that the volume was read from.
        model: name of the algorithm that made the mask.

    Raises:
        ToolFailed: the volume is not a single-frame DICOM series as it was stored (gaps filled, tilt undone).
    """
    import highdicom as hd
    from pydicom.sr.coding import Code

    sources = _sources(volume, series)
    planes = np.moveaxis(volume.array_to_source(mask), 2, 0).transpose(0, 2, 1).astype(np.uint8)
    family = Code("123110", "DCM", "Artificial Intelligence")
    algorithm = hd.AlgorithmIdentificationSequence(name=model[:64], version=VERSION, family=family)
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=label.name,
        segmented_property_category=Code(label.category[1], label.category[0], label.category[2]),
        segmented_property_type=Code(label.type[1], label.type[0], label.type[2]),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=algorithm,
        anatomic_regions=[Code(label.region[1], label.region[0], label.region[2])] if label.region else None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=planes,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[description],
            series_instance_uid=hd.UID(),
            series_number=901,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="Consilium",
            manufacturer_model_name="Consilium",
            software_versions=VERSION,
            device_serial_number="0",
            omit_empty_frames=True,
        )
        made.save_as(out)


def _sources(volume: Volume, series: Path) -> list[Any]:
    """The source images in the order of the volume's slices, without their pixels."""
    import pydicom

    meta = volume.meta
    altered = {item.code for item in meta.findings} & {"gantry_tilt", "missing_slices", "uneven_spacing"}
    if meta.format != "DICOM" or len(set(meta.slice_files)) != meta.source_shape[2] or altered:
        raise ToolFailed("A DICOM-SEG refers to a plain DICOM series; this scan is not one, or its slices were mended.")
    where = {path.name: path for path in (series.rglob("*") if series.is_dir() else [series]) if path.is_file()}
    return [pydicom.dcmread(where[name], stop_before_pixels=True) for name in meta.slice_files]
