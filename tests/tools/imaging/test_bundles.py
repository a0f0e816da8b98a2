"""MONAI bundles: added, pinned, run; and refused where they would execute something."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from knowledge.errors import BadInput, ToolFailed, ToolRetry
from tools.imaging import bundles

NETWORK = {
    "_target_": "UNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [4, 8],
    "strides": [2],
    "norm": "BATCH",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))


def trained(nodule_scan) -> torch.nn.Module:
    """A network that has learned to tell tissue from lung on the phantom."""
    from monai.networks.nets import UNet

    volume, mask = nodule_scan
    torch.manual_seed(0)
    net = UNet(spatial_dims=3, in_channels=1, out_channels=1, channels=(4, 8), strides=(2,), norm="BATCH")
    x = torch.from_numpy((volume.voxels[8:40, 8:40, :] + 1000) / 1200)[None, None]
    y = torch.from_numpy(mask[8:40, 8:40, :].astype(np.float32))[None, None]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(net(x), y, pos_weight=torch.tensor(5.0)).backward()
        optimizer.step()
    return net.eval()


def write(folder, net, script: bool, network=None, preprocessing=None):
    for part in ("configs", "models"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    image = {"modality": "CT", "num_channels": 1, "spatial_shape": [32, 32, 16]}
    (folder / "configs" / "metadata.json").write_text(
        json.dumps({"task": "lesions", "network_data_format": {"inputs": {"image": image}}})
    )
    scale = {"_target_": "ScaleIntensityRanged", "keys": "@image", "a_min": -1000, "a_max": 200, "b_min": 0, "b_max": 1}
    steps = preprocessing or [{"_target_": "LoadImaged", "keys": "@image"}, scale]
    config = {"network_def": network or NETWORK, "preprocessing": {"_target_": "Compose", "transforms": steps}}
    (folder / "configs" / "inference.json").write_text(json.dumps(config))
    if script:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.trace(net, torch.zeros(1, 1, 32, 32, 16)).save(str(folder / "models" / "model.ts"))
    else:
        torch.save(net.state_dict(), folder / "models" / "model.pt")
    return folder


@pytest.mark.parametrize("script", [False, True], ids=["weights", "TorchScript"])
@pytest.mark.filterwarnings("ignore")
def test_a_bundle_is_added_and_outlines_the_phantom(tmp_path, nodule_scan, script):
    volume, mask = nodule_scan
    bundles.add_bundle(write(tmp_path / "tissue", trained(nodule_scan), script))
    assert "tissue" in [model.name for model in bundles.models()]
    found = bundles.segment_with_bundle("tissue", volume)
    assert 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.8


@pytest.mark.filterwarnings("ignore")
@pytest.mark.hazard("HAZ-22")
def test_changed_weights_are_not_run(tmp_path, nodule_scan):
    bundles.add_bundle(write(tmp_path / "tissue", trained(nodule_scan), False))
    pinned = tmp_path / "home" / "models" / "tissue" / "bundle" / "models" / "model.pt"
    pinned.write_bytes(pinned.read_bytes() + b"x")
    with pytest.raises(ToolFailed, match="not the one that was added"):
        bundles.segment_with_bundle("tissue", nodule_scan[0])


@pytest.mark.parametrize(
    "network",
    [
        {"_target_": "os.system", "command": "touch evil"},
        {"_target_": "monai.networks.nets.unet.torch.load", "f": "x"},
        {**NETWORK, "channels": "$__import__('os').system('touch evil')"},
        {**NETWORK, "act": {"_target_": "subprocess.run", "args": "touch evil"}},
        {"channels": [4, 8]},
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_configuration_that_would_run_code_is_refused(tmp_path, nodule_scan, network, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "evil-bundle", trained(nodule_scan), False, network)
    with pytest.raises(BadInput, match="network_def"):
        bundles.add_bundle(folder)
    assert not (tmp_path / "evil").exists()
    assert [m.name for m in bundles.models()] == ["lesion"]


@pytest.mark.hazard("HAZ-16")
def test_a_pickle_that_runs_code_is_refused(tmp_path, nodule_scan):
    import pickle

    class Evil:
        def __reduce__(self):
            return (print, ("evil",))

    folder = write(tmp_path / "evil", trained(nodule_scan), False)
    (folder / "models" / "model.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInput, match="cannot be loaded"):
        bundles.add_bundle(folder)


def test_names_that_are_taken_or_odd_are_refused(tmp_path):
    for name in ("lesion", "../x", "", "A b"):
        with pytest.raises(ToolRetry):
            bundles.add_bundle(tmp_path, name or "-")


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "plain").mkdir()
    with pytest.raises(BadInput, match="metadata"):
        bundles.add_bundle(tmp_path / "plain")


def test_what_a_bundle_outlines_in_several_places_is_several_lesions():
    from tools.imaging.study import MOST_PARTS, Study
    from tools.imaging.volume import volume_from_array

    volume = volume_from_array(np.zeros((60, 20, 20), np.float32), (1.0, 1.0, 1.0), "MR")
    mask = np.zeros(volume.shape, bool)
    for number in range(7):
        mask[8 * number : 8 * number + 3, 2:7, 2 : 5 + number] = True
    mask[58, 18, 18] = True
    study = Study(volume)
    found, left = study.of_parts(mask)
    assert [item.report.measurements.volume_mm3 for item in found] == [15 * (9 - n) for n in range(MOST_PARTS)]
    assert left == 2
    speck = np.zeros(volume.shape, bool)
    speck[5, 5, 5] = True
    assert len(study.of_parts(speck)[0]) == 1
    with pytest.raises(ToolFailed, match="no lesion"):
        study.of_parts(np.zeros(volume.shape, bool))
