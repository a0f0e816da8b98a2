"""Why the network answered as it did: integrated gradients of the outline, class activation of a candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.finder import Candidate, patches
from tools.imaging.lesion_model import PATCH, logits_of, network_input, prompt_channel, sample_volume
from tools.imaging.segmenter import LesionSegmenter, grid_around, prompt_of_mask
from tools.imaging.volume import Volume


def lesion_saliency(
    volume: Volume, mask: npt.NDArray[np.bool_], segmenter: LesionSegmenter | None = None
) -> npt.NDArray[np.float32]:
    """How much each voxel moved the network's answer inside `mask`, 0 to 1 over the volume.

    Integrated gradients (Sundararajan 2017, arXiv 1703.01365) by Captum, from an image of the prompt alone;
    magnitudes summed over the image channels and divided by their 99.5th percentile.
    """
    import torch
    from captum.attr import IntegratedGradients
    from scipy import ndimage

    prompt = prompt_of_mask(mask)
    specialist = (segmenter or LesionSegmenter()).specialist(volume, prompt)
    grid = grid_around(volume, prompt)
    voxels = grid.to_voxels()
    raw = sample_volume(volume.voxels, voxels, grid.step, True)
    channel = prompt_channel(grid, prompt.point, prompt.box)
    given = network_input(raw, volume.meta.modality or "CT", channel, specialist.scale.contrast_hu)
    inside = torch.from_numpy(sample_volume(mask, voxels, grid.step, True) > 0.5).float()

    def answer(data: Any) -> Any:
        return (logits_of(specialist.network, data) * inside).sum(dim=(1, 2, 3)) / inside.sum().clamp(min=1)

    data = torch.from_numpy(given)[None]
    start = torch.zeros_like(data)
    start[:, 3] = data[:, 3]
    effect = IntegratedGradients(answer).attribute(data, start, n_steps=8, internal_batch_size=2)
    strength = effect[0, :3].abs().sum(0).detach().numpy()
    strength = np.clip(strength / max(float(np.percentile(strength, 99.5)), 1e-9), 0, 1)
    half = np.array(grid.step) * (PATCH - 1) / 2
    low = np.clip(np.ceil(np.array(grid.centre) - half), 0, volume.shape).astype(int)
    high = np.clip(np.floor(np.array(grid.centre) + half) + 1, low, volume.shape).astype(int)
    axes = [
        (np.arange(a, b) - c) / s + (PATCH - 1) / 2
        for a, b, c, s in zip(low, high, grid.centre, grid.step, strict=True)
    ]
    out = np.zeros(volume.shape, np.float32)
    view = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    out[view] = ndimage.map_coordinates(strength, np.stack(np.meshgrid(*axes, indexing="ij")), order=1, mode="nearest")
    return out


def candidate_activation(
    volume: Volume, candidate: Candidate, network: Any = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The middle patch of a candidate and its class activation for `nodule`, both (50, 50), 0 to 1.

    Grad-CAM (Selvaraju 2017, arXiv 1610.02391) by Captum at the third residual stage.
    """
    import torch
    from captum.attr import LayerAttribution, LayerGradCam

    from tools.imaging.finder import _network

    net = network or _network()
    patch = patches(volume, candidate)[1]
    cam = LayerGradCam(net, net.layer3).attribute(torch.from_numpy(patch)[None, None], target=0, relu_attributions=True)
    grown = LayerAttribution.interpolate(cam, patch.shape, interpolate_mode="bilinear")[0, 0].detach().numpy()
    return patch, np.asarray(grown / max(float(grown.max()), 1e-9), dtype=np.float32)
