"""Preprocessing and enhancement: each step is a function of a volume to a volume, and names itself.

These are views and inputs to candidate finding. The segmenter sees the scan as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import ToolRetry
from tools.imaging.volume import Volume


@dataclass(frozen=True)
class Step:
    """A named step and its parameters, for the provenance."""

    name: str
    parameters: dict[str, float | str]


def _with(volume: Volume, voxels: npt.NDArray[Any]) -> Volume:
    return replace(volume, voxels=np.ascontiguousarray(voxels, dtype=np.float32))


def _image(volume: Volume) -> Any:
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.voxels.T, dtype=np.float32))
    image.SetSpacing(volume.spacing_mm)
    return image


def _back(image: Any) -> npt.NDArray[np.float32]:
    import SimpleITK as sitk  # noqa: N813

    return np.asarray(sitk.GetArrayFromImage(image).T, dtype=np.float32)


def denoise(volume: Volume) -> tuple[Volume, Step]:
    """Edge-preserving smoothing by curvature anisotropic diffusion (SimpleITK), five iterations.

    The time step is half of the largest stable one, which is the smallest spacing over 2 to the 4th power.
    """
    import SimpleITK as sitk  # noqa: N813

    step = min(volume.spacing_mm) / 2**5
    image = sitk.CurvatureAnisotropicDiffusion(
        _image(volume), timeStep=step, conductanceParameter=2.0, numberOfIterations=5
    )
    parameters: dict[str, float | str] = {"iterations": 5, "conductance": 2.0, "time_step": step}
    return _with(volume, _back(image)), Step("curvature anisotropic diffusion", parameters)


def window(volume: Volume, level: float = -600.0, width: float = 1600.0) -> tuple[Volume, Step]:
    """Intensities cut to a window and scaled to 0–1."""
    from monai.transforms import ScaleIntensityRange

    scale = ScaleIntensityRange(level - width / 2, level + width / 2, 0.0, 1.0, clip=True)
    voxels = np.asarray(scale(volume.voxels.astype(np.float32)))
    return _with(volume, voxels), Step("window", {"level": level, "width": width})


def normalise(volume: Volume) -> tuple[Volume, Step]:
    """Intensity normalisation by modality: CT the lung window to 0–1; MR percentiles 1 and 99 of the body to 0–1."""
    if volume.meta.modality == "CT":
        return window(volume)
    from monai.transforms import ScaleIntensityRange

    body = volume.voxels[volume.voxels > np.percentile(volume.voxels, 20)]
    low, high = (float(v) for v in np.percentile(body, [1, 99]))
    voxels = np.asarray(ScaleIntensityRange(low, max(high, low + 1e-6), 0.0, 1.0, clip=True)(volume.voxels))
    return _with(volume, voxels), Step("percentile scaling", {"low": low, "high": high})


def adaptive_contrast(volume: Volume, clip: float = 0.02) -> tuple[Volume, Step]:
    """Contrast-limited adaptive histogram equalisation slice by slice (Zuiderveld 1994), result 0–1."""
    from skimage.exposure import equalize_adapthist

    unit, _ = normalise(volume)
    slices = [equalize_adapthist(unit.voxels[:, :, k], clip_limit=clip) for k in range(volume.shape[2])]
    return _with(volume, np.stack(slices, -1)), Step("adaptive histogram equalisation", {"clip_limit": clip})


def resample(volume: Volume, spacing_mm: float = 1.0) -> tuple[Volume, Step]:
    """The scan on voxels of equal sides (MONAI, trilinear)."""
    import torch
    from monai.data import MetaTensor
    from monai.transforms import Spacing

    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    given = MetaTensor(torch.from_numpy(volume.voxels.astype(np.float32))[None], affine=torch.from_numpy(ras))
    made = Spacing(pixdim=(spacing_mm,) * 3, mode="bilinear", padding_mode="border")(given)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ made.affine.numpy()
    x, y, z = made.shape[1:]
    meta = volume.meta.model_copy(
        update={
            "affine_lps": affine.tolist(),
            "source_shape": (x, y, z),
            "orientation": [(0, 1), (1, 1), (2, 1)],
            "slice_uids": [],
            "slice_files": [],
        }
    )
    return Volume(made.numpy()[0], meta), Step("resampling", {"spacing_mm": spacing_mm})


def blobness(
    volume: Volume,
    radii_mm: tuple[float, ...] = (2.0, 3.0, 4.5, 6.5),
    where: npt.NDArray[np.bool_] | None = None,
) -> tuple[Volume, Step]:
    """Multi-scale response to round bright things, 0 and up; `where` limits the work to some voxels.

    The dot filter |λ1|²/|λ3| on the eigenvalues of the Hessian where all three are negative, and the largest over
    the scales (Li, Sone & Doi 2003, doi 10.1118/1.1581411; σ is the radius over √3).
    """
    wanted = np.ones(volume.shape, bool) if where is None else where
    best = np.zeros(int(wanted.sum()), np.float32)
    for radius in radii_mm:
        e = _hessian_eigenvalues(volume, radius / np.sqrt(3), wanted)
        response = np.where(e[2] < 0, e[2] ** 2 / np.maximum(np.abs(e[0]), 1e-6), 0)
        np.maximum(best, response, out=best)
    made = np.zeros(volume.shape, np.float32)
    made[wanted] = best
    return _with(volume, made), Step("dot enhancement", {"radii_mm": " ".join(map(str, radii_mm))})


def vesselness(volume: Volume, radii_mm: tuple[float, ...] = (1.5, 2.5, 4.0)) -> tuple[Volume, Step]:
    """Multi-scale response to bright tubes, 0–1.

    Frangi 1998 (doi 10.1007/BFb0056195) with alpha = beta = 0.5 and c half of the largest Hessian norm.
    """
    best = np.zeros(volume.shape, np.float32)
    for radius in radii_mm:
        e = _hessian_eigenvalues(volume, radius / np.sqrt(3))
        norm = np.sqrt((e**2).sum(0))
        plate = np.abs(e[1]) / np.maximum(np.abs(e[0]), 1e-6)
        blob = np.abs(e[2]) / np.maximum(np.sqrt(np.abs(e[0] * e[1])), 1e-6)
        c = max(float(norm.max()) / 2, 1e-6)
        response = (1 - np.exp(-(plate**2) / 0.5)) * np.exp(-(blob**2) / 0.5) * (1 - np.exp(-(norm**2) / (2 * c * c)))
        np.maximum(best, np.where((e[0] < 0) & (e[1] < 0), response, 0), out=best)
    return _with(volume, best), Step("vesselness", {"radii_mm": " ".join(map(str, radii_mm))})


def _hessian_eigenvalues(
    volume: Volume, sigma_mm: float, where: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float32]:
    """Eigenvalues (3, x, y, z), or (3, n) `where` wanted, of the scale-normalised Hessian, the most negative first."""
    from scipy import ndimage

    sigma = sigma_mm / np.array(volume.spacing_mm)
    data = volume.voxels.astype(np.float32)
    matrix = np.empty((*(volume.shape if where is None else (int(where.sum()),)), 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            order = [0, 0, 0]
            order[i] += 1
            order[j] += 1
            part = ndimage.gaussian_filter(data, np.maximum(sigma, 0.4), order=order)
            part *= sigma_mm**2 / (volume.spacing_mm[i] * volume.spacing_mm[j])
            matrix[..., i, j] = matrix[..., j, i] = part if where is None else part[where]
    return np.moveaxis(np.asarray(np.linalg.eigvalsh(matrix), dtype=np.float32), -1, 0)


STEPS: dict[str, Callable[[Volume], tuple[Volume, Step]]] = {
    "denoise": denoise,
    "window": window,
    "normalise": normalise,
    "contrast": adaptive_contrast,
    "resample": resample,
    "blobs": blobness,
    "vessels": vesselness,
}


def step_named(name: str) -> Callable[[Volume], tuple[Volume, Step]]:
    """The step of that name. Raises `ToolRetry` naming the steps there are."""
    if name not in STEPS:
        raise ToolRetry(f"There is no step named {name!r}. The steps are: {', '.join(STEPS)}.")
    return STEPS[name]
