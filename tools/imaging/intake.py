"""From files to a `Volume`: the reading runs in a limited child process, the parent maps the result."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from knowledge.errors import BadInput
from tools.imaging.volume import QcFinding, Volume, VolumeMeta, canonical
from tools.imaging.words import noticed
from tools.sandbox import MIB, run_limited
from tools.scratch import scratch_folder

ACCEPTED = "a folder with a DICOM series, or a 3-D NIfTI, NRRD or MetaImage file"
MAX_BYTES = 2048 * MIB
MAX_VOXELS = 300_000_000
MEMORY_BYTES = 2560 * MIB
SECONDS = 90.0
_SIZE_MM = (0.05, 20.0)


def load_volume(path: Path, name: str | None = None, modality: Literal["CT", "MR"] | None = None) -> Volume:
    """Read a scan from a DICOM folder or file, NIfTI, NRRD or MetaImage.

    Args:
        name: what the user calls it, for errors.
        modality: used where the format does not record it.

    Raises:
        BadInput: it is not a readable 3-D CT or MR scan, or too large to read.
    """
    shown = name or path.name
    if not path.exists():
        raise BadInput(shown, "the path", "it is not there", ACCEPTED)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise BadInput(shown, "the file", f"it has more than {MAX_BYTES // MIB} MiB", "a smaller file")
    with scratch_folder(_room(path)) as folder:
        out = folder / "voxels.npy"
        answer = run_limited(
            "tools.imaging.intake:read_to_file",
            {"path": str(path), "out": str(out), "name": shown, "modality": modality},
            memory_bytes=MEMORY_BYTES,
            seconds=SECONDS,
            output_bytes=MAX_VOXELS * 4 + MIB,
            file=shown,
            reads=(path, path.with_suffix(".hdr"), path.with_suffix(".img")),
            writes=(folder,),
            imports=("numpy", "scipy.ndimage", "pydicom", "nibabel", "SimpleITK"),
        )
        return Volume(np.load(out, allow_pickle=False), VolumeMeta.model_validate(answer))


def _room(path: Path) -> int:
    """About how many bytes the voxels of a scan may take as float32: four times its files, at most the limit."""
    files = path.rglob("*") if path.is_dir() else [path]
    return min(4 * sum(item.stat().st_size for item in files if item.is_file()), MAX_VOXELS * 4)


def read_to_file(path: str, out: str, name: str, modality: Literal["CT", "MR"] | None) -> dict[str, Any]:
    """Read the scan at `path`, write its canonical voxels to `out` (npy, float32), return its `VolumeMeta`.

    Runs in the sandbox; `load_volume` is the function to call.
    """
    source = Path(path)
    kind = _format(source)
    if kind == "DICOM":
        voxels, meta = _from_dicom(source, name)
    else:
        voxels, meta = _from_file(source, name, kind)
    if voxels.size > MAX_VOXELS:
        raise BadInput(name, "the scan", f"it has {voxels.size} voxels", f"at most {MAX_VOXELS}")
    _check(voxels, meta, name)
    turned, affine, orientation = canonical(voxels, np.array(meta.affine_lps))
    meta.affine_lps, meta.orientation = affine.tolist(), orientation
    if meta.modality is None:
        _settle_modality(meta, turned, modality)
    with open(out, "wb") as stream:
        np.lib.format.write_array(stream, turned, allow_pickle=False)
    return meta.model_dump(mode="json")


def _format(source: Path) -> Literal["DICOM", "NIfTI", "NRRD", "MetaImage"]:
    ending = "".join(source.suffixes[-2:]).lower()
    if source.is_dir():
        return "DICOM"
    if ending.endswith((".nii", ".nii.gz", ".hdr", ".img")):
        return "NIfTI"
    if ending.endswith((".nrrd", ".nhdr")):
        return "NRRD"
    if ending.endswith((".mha", ".mhd")):
        return "MetaImage"
    return "DICOM"


def _from_dicom(source: Path, name: str) -> tuple[npt.NDArray[np.float32], VolumeMeta]:
    from tools.imaging.read_dicom import read_series

    series = read_series(source, name)
    header = series.header
    x, y, z = series.voxels.shape

    def text(keyword: str) -> str | None:
        value = str(header.get(keyword, "") or "").strip()
        return value[:64] or None

    meta = VolumeMeta(
        name=name,
        format="DICOM",
        modality=header.Modality,
        body_part=text("BodyPartExamined"),
        sequence=_mr_weighting(header) if header.Modality == "MR" else None,
        contrast_agent=text("ContrastBolusAgent") is not None,
        kernel=text("ConvolutionKernel"),
        acquired=text("AcquisitionDate") or text("SeriesDate") or text("StudyDate"),
        patient_sex=text("PatientSex"),
        patient_age=text("PatientAge"),
        series_uid=text("SeriesInstanceUID"),
        affine_lps=series.affine_lps.tolist(),
        orientation=[],
        source_shape=(x, y, z),
        slice_uids=[item.uid for item in series.slices],
        slice_files=[item.file for item in series.slices],
        findings=series.findings,
    )
    return series.voxels, meta


def _mr_weighting(header: Any) -> str | None:
    """T1 for a spin echo with TR under 1000 ms and TE under 30 ms; T2 for TE of 60 ms and more; else None.

    The usual limits for spin echo; gradient echo depends on the flip angle and is left open.
    """
    try:
        repetition, echo = float(header.RepetitionTime), float(header.EchoTime)
    except (AttributeError, TypeError, ValueError):
        return None
    spin = "SE" in str(header.get("ScanningSequence", ""))
    if spin and repetition < 1000 and echo < 30:
        return "T1"
    return "T2" if echo >= 60 else None


def _from_file(
    source: Path, name: str, kind: Literal["NIfTI", "NRRD", "MetaImage"]
) -> tuple[npt.NDArray[np.float32], VolumeMeta]:
    findings: list[QcFinding] = []
    voxels, affine = _read_nifti(source, name, findings) if kind == "NIfTI" else _read_itk(source, name)
    x, y, z = voxels.shape
    meta = VolumeMeta(
        name=name,
        format=kind,
        affine_lps=affine.tolist(),
        orientation=[],
        source_shape=(x, y, z),
        findings=findings,
    )
    return voxels, meta


def _read_nifti(
    source: Path, name: str, findings: list[QcFinding]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    import nibabel as nib

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = nib.load(source)
            shape = tuple(int(n) for n in image.shape)
            _check_shape(shape, name)
            voxels = np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged")).reshape(shape[:3])
            affine = np.array(image.affine, dtype=float)
            codes = (int(image.header["qform_code"]), int(image.header["sform_code"]))
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise BadInput(name, "the file", f"it cannot be read as NIfTI ({type(error).__name__})", ACCEPTED) from None
    if codes == (0, 0):
        findings.append(noticed("no_orientation", "warning"))
    return voxels, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _read_itk(source: Path, name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    import SimpleITK as sitk  # noqa: N813

    _refuse_detached(source, name)
    try:
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(source))
        reader.ReadImageInformation()
        _check_shape(tuple(int(n) for n in reader.GetSize()), name)
        if reader.GetNumberOfComponents() != 1:
            raise BadInput(name, "the file", "it has several values a voxel", ACCEPTED)
        reader.SetOutputPixelType(sitk.sitkFloat32)
        image = reader.Execute()
    except RuntimeError:
        raise BadInput(name, "the file", "it cannot be read", ACCEPTED) from None
    size = image.GetSize()
    voxels = np.ascontiguousarray(sitk.GetArrayFromImage(image).reshape(size[2::-1]).T)
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(image.GetDimension(), -1)[:3, :3]
    affine[:3, :3] = direction * np.array(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return voxels, affine


def _refuse_detached(source: Path, name: str) -> None:
    """A header may name another file to read the voxels from; that file could be anything on this machine."""
    with open(source, "rb") as stream:
        head = stream.read(16384)
    for line in head.split(b"\n\n")[0].splitlines():
        key, _, value = line.replace(b"=", b":", 1).partition(b":")
        key = key.strip().lower()
        if key in (b"data file", b"datafile") or (key == b"elementdatafile" and value.strip().upper() != b"LOCAL"):
            raise BadInput(
                name, "the header", "it names another file for its voxels", "one file with header and voxels"
            )
        if key == b"ndims" and not (value.strip().isdigit() and 2 < int(value) < 6):
            raise BadInput(name, "the header", "it has no plausible number of dimensions", ACCEPTED)
        if key == b"elementdatafile":
            return


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise BadInput(name, "the header", f"it has {len(shape)} dimensions", "one 3-D image")
    if min(shape[:3]) < 5:
        raise BadInput(name, "the header", f"its size is {' x '.join(map(str, shape[:3]))}", "5 or more voxels a side")
    if int(np.prod([int(n) for n in shape], dtype=object)) > MAX_VOXELS:
        raise BadInput(name, "the header", "it has too many voxels", f"at most {MAX_VOXELS}")


def _check(voxels: npt.NDArray[np.float32], meta: VolumeMeta, name: str) -> None:
    axes = np.array(meta.affine_lps)[:3, :3]
    spacing = np.linalg.norm(axes, axis=0)
    if not np.isfinite(axes).all() or spacing.min() < _SIZE_MM[0] or spacing.max() > _SIZE_MM[1]:
        raise BadInput(name, "the spacing", "it is zero, not finite or not plausible", "0.05 to 20 mm a voxel")
    unit = axes / spacing
    if np.abs(unit.T @ unit - np.eye(3)).max() > 0.02:
        raise BadInput(name, "the orientation", "the axes are not perpendicular", "a scan without shear")
    if not np.isfinite(voxels).all():
        share = float(1 - np.isfinite(voxels).mean())
        raise BadInput(name, "the voxels", f"{share:.1%} are not finite numbers", "finite values")
    if float(voxels.max()) == float(voxels.min()):
        raise BadInput(name, "the voxels", "all have the same value", "a scan")
    if min(voxels.shape) < 5:
        raise BadInput(name, "the scan", f"its size is {' x '.join(map(str, voxels.shape))}", "5 or more voxels a side")


def _settle_modality(meta: VolumeMeta, voxels: npt.NDArray[np.float32], given: Literal["CT", "MR"] | None) -> None:
    """Take the caller's word, else guess: values well below zero are Hounsfield units of air or lung."""
    if given is not None:
        meta.modality, meta.modality_from = given, "caller"
        return
    meta.modality = "CT" if float(np.percentile(voxels[::2, ::2, ::2], 1)) < -300 else "MR"
    meta.modality_from = "guess"
    meta.findings.append(noticed("modality_guessed", "warning", modality=meta.modality))
