"""The registry of segmentation models: the embedded one, and MONAI bundles that the user adds.

A bundle is a folder with `configs/metadata.json`, `configs/inference.json` (or `.yaml`) and `models/model.ts` or
`models/model.pt`, as the MONAI model zoo ships them. It is copied when added and its files are pinned by SHA-256.
A bundle's configuration can name any Python object. Here nothing in it is executed: the network must be one of
`monai.networks.nets` with plain arguments, and preprocessing only those transforms that `_PREPROCESSING` lists.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from knowledge.errors import BadInput, ToolFailed, ToolRetry
from knowledge.paths import home
from knowledge.yamlfile import load_yaml
from tools.imaging.lesion_model import Scale
from tools.imaging.memory import in_smaller_pieces, smaller_windows
from tools.imaging.specialists import LESION_WEIGHTS, SCALE, Specialist
from tools.imaging.volume import Volume
from tools.imaging.weights_store import FOLDER, file_sha256, verified

ACCEPTED = "a MONAI bundle: configs/metadata.json, configs/inference.json, models/model.ts or models/model.pt"
EMBEDDED = {"lesion": (LESION_WEIGHTS, "Lesions on CT and T1 MR from a point or a box")}
PROMPTABLE = "promptable-lesion-2"
MAX_BYTES = 4 * 1024**3
_NAME = re.compile(r"^[a-z][a-z0-9_-]{1,60}$")
_PREPROCESSING = (
    "ScaleIntensityRanged",
    "ScaleIntensityd",
    "NormalizeIntensityd",
    "Orientationd",
    "Spacingd",
)
_IGNORED = ("LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "ToTensord", "CastToTyped", "DeleteItemsd")


class Model(BaseModel):
    """One registered model."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["embedded", "bundle"]
    description: str
    modality: str
    files: dict[str, str]


def models() -> list[Model]:
    """All models, the embedded one first."""
    found = []
    for name, (file, description) in EMBEDDED.items():
        _, digest = verified(file)
        found.append(
            Model(name=name, kind="embedded", description=description, modality="CT, MR", files={file: digest})
        )
    for path in sorted(_folder().glob("*/consilium.json")):
        found.append(Model.model_validate_json(path.read_text()))
    return found


def model_named(name: str) -> Model:
    """The model of that name. Raises `ToolRetry` naming the models there are."""
    everything = models()
    found = next((m for m in everything if m.name == name), None)
    if found is None:
        raise ToolRetry(f"There is no model named {name!r}. There are: {', '.join(m.name for m in everything)}.")
    return found


def card_of(name: str) -> str:
    """The model card or README of a model, or an empty text."""
    model = model_named(name)
    if model.kind == "embedded":
        path = FOLDER / f"{name}.card.md"
        return path.read_text() if path.exists() else ""
    for candidate in ("docs/README.md", "README.md", "card.md"):
        path = _folder() / name / "bundle" / candidate
        if path.is_file():
            return path.read_text(errors="replace")
    return ""


def _folder() -> Path:
    made = home() / "models"
    made.mkdir(parents=True, exist_ok=True)
    return made


def add_bundle(path: Path, name: str | None = None) -> Model:
    """Check a bundle, copy it into the registry and pin its files.

    Raises:
        ToolRetry: the name is taken or is not plain.
        BadInput: it is not a bundle that can be run.
    """
    chosen = (name or path.resolve().name).lower()
    if not _NAME.match(chosen) or chosen in EMBEDDED or (_folder() / chosen).exists():
        raise ToolRetry(f"{chosen[:60]!r} is taken, or is not a plain name (a-z, 0-9, - and _): give another --name.")
    if not path.is_dir():
        raise BadInput(path.name, "the folder", "it is not there", ACCEPTED)
    files = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.is_symlink()]
    if sum(p.stat().st_size for p in files) > MAX_BYTES:
        raise BadInput(path.name, "the folder", "it is too large", f"at most {MAX_BYTES // 1024**3} GiB")
    metadata = _config(path, "metadata")
    _load(path)
    pinned = {str(p.relative_to(path)): file_sha256(p) for p in files}
    inputs = metadata.get("network_data_format", {}).get("inputs", {}).get("image", {})
    model = Model(
        name=chosen,
        kind="bundle",
        description=str(metadata.get("description") or metadata.get("task") or "")[:200],
        modality=str(inputs.get("modality", "unknown"))[:20],
        files=pinned,
    )
    staging = _folder() / f".{chosen}.adding"
    shutil.rmtree(staging, ignore_errors=True)
    for file in files:
        target = staging / "bundle" / file.relative_to(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (staging / "consilium.json").write_text(model.model_dump_json(indent=1) + "\n")
    staging.rename(_folder() / chosen)
    return model


def _config(path: Path, stem: str) -> dict[str, Any]:
    for ending in ("json", "yaml", "yml"):
        file = path / "configs" / f"{stem}.{ending}"
        if file.is_file():
            try:
                data = json.loads(file.read_text()) if ending == "json" else load_yaml(file)
            except ValueError as error:
                raise BadInput(f"configs/{file.name}", "the file", str(error), "JSON") from None
            if isinstance(data, dict):
                return data
            raise BadInput(f"configs/{file.name}", "the file", "it is not a mapping", ACCEPTED)
    raise BadInput(path.name, f"configs/{stem}.json", "it is missing", ACCEPTED)


def _load(path: Path) -> Any:
    """The network of a bundle, ready to run."""
    import torch

    script, weights = path / "models" / "model.ts", path / "models" / "model.pt"
    try:
        if script.is_file():
            scripted: Any = torch.jit.load(str(script), map_location="cpu")  # type: ignore[no-untyped-call]
            return scripted.eval()
        if not weights.is_file():
            raise BadInput(path.name, "models", "neither model.ts nor model.pt is there", ACCEPTED)
        net = _network(_config(path, "inference"))
        state = torch.load(weights, weights_only=True, map_location="cpu")
        net.load_state_dict(state.get("model", state.get("state_dict", state)))
    except (BadInput, ToolRetry):
        raise
    except Exception as error:
        problem = f"the network cannot be loaded ({type(error).__name__})"
        raise BadInput(path.name, "models", problem, "weights only, that fit network_def") from None
    return net.eval()


def _network(config: dict[str, Any]) -> Any:
    from monai.networks import nets

    found = config.get("network_def", config.get("network"))
    if not isinstance(found, dict) or "_target_" not in found:
        raise BadInput("configs/inference.json", "network_def", "it is missing", "a network of monai.networks.nets")
    target = str(found["_target_"]).removeprefix("monai.networks.nets.")
    maker = getattr(nets, target, None) if target.isidentifier() else None
    if not isinstance(maker, type):
        problem = f"{target[:60]!r} is not a network of MONAI"
        raise BadInput("configs/inference.json", "network_def", problem, "a class of monai.networks.nets")
    arguments = {k: v for k, v in found.items() if not k.startswith("_")}
    return maker(**_plain(arguments, config, "network_def"))


def _plain(value: Any, config: dict[str, Any], place: str, depth: int = 0) -> Any:
    """Plain values only; `@name` may refer to a plain value of the same file, `$` expressions are refused."""
    if depth > 8:
        raise BadInput("configs/inference.json", place, "it is nested too deep", "plain values")
    if isinstance(value, dict):
        if "_target_" in value:
            raise BadInput("configs/inference.json", place, "it makes an object", "plain values")
        return {k: _plain(v, config, place, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, config, place, depth + 1) for v in value]
    if isinstance(value, str) and value.startswith("@"):
        return _plain(config.get(value[1:]), config, place, depth + 1)
    if isinstance(value, str) and value.startswith("$"):
        raise BadInput("configs/inference.json", place, "it holds a Python expression", "plain values")
    return value


def _transforms(config: dict[str, Any]) -> list[Any]:
    from monai import transforms

    block = config.get("preprocessing", {})
    listed = block.get("transforms", []) if isinstance(block, dict) else []
    made = []
    for item in listed:
        name = str(item.get("_target_", "")) if isinstance(item, dict) else ""
        if name in _IGNORED:
            continue
        if name not in _PREPROCESSING:
            raise BadInput(
                "configs/inference.json", "preprocessing", f"{name[:60]!r} is not supported", ", ".join(_PREPROCESSING)
            )
        arguments = {k: v for k, v in item.items() if not k.startswith("_") and k != "keys"}
        made.append(getattr(transforms, name)(keys=["image"], **_plain(arguments, config, "preprocessing")))
    return made


def _checked(name: str) -> tuple[Model, Path]:
    """A bundle whose files are those that were pinned. Raises `ToolRetry` or `ToolFailed`."""
    model = model_named(name)
    path = _folder() / name / "bundle"
    for file, digest in model.files.items():
        if not (path / file).is_file() or file_sha256(path / file) != digest:
            raise ToolFailed(f"The file {file} of the model {name} is not the one that was added; add it again.")
    return model, path


def promptable(name: str) -> Specialist | None:
    """The network of a bundle that takes a point or a box, as `consilium train segmenter` writes; None for others.

    Raises:
        ToolRetry, ToolFailed: there is no such model, or its files changed.
        BadInput: the bundle does not say at what scale it looks.
    """
    _, path = _checked(name)
    metadata = _config(path, "metadata")
    if metadata.get("consilium_input") != PROMPTABLE:
        return None
    for key in SCALE:
        if not isinstance(metadata.get(key), int | float) or not 1 <= metadata[key] <= 2000:
            raise BadInput("configs/metadata.json", key, f"it is {str(metadata.get(key))[:40]}", "1 to 2000")
    return Specialist(_load(path).float(), Scale(*(float(metadata[key]) for key in SCALE)))


def segment_with_bundle(name: str, volume: Volume) -> npt.NDArray[np.bool_]:
    """The foreground that a bundle finds in a scan, over the scan's voxels (any class but background).

    Raises:
        ToolRetry: there is no such model.
        ToolFailed: its files changed, or it is for another modality.
    """
    import torch
    from monai.data import MetaTensor
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import Compose, ResampleToMatch

    model, path = _checked(name)
    if model.modality not in ("unknown", "") and (volume.meta.modality or "") not in model.modality.upper():
        raise ToolFailed(f"The model {name} is for {model.modality}; the scan is {volume.meta.modality}.")
    metadata, config = _config(path, "metadata"), _optional(path)
    if "classification" in str(metadata.get("task", "")):
        raise ToolFailed(f"The model {name} classifies pictures; it does not outline.")
    net = _load(path)
    ras = torch.from_numpy(np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine)
    given = MetaTensor(torch.from_numpy(volume.voxels.astype(np.float32))[None], affine=ras)
    ready = Compose(_transforms(config))({"image": given})["image"]
    scan = ready[None].as_tensor()
    with torch.inference_mode():
        logits = in_smaller_pieces(
            lambda window: SlidingWindowInferer(window, sw_batch_size=1, overlap=0.25)(scan, net)[0],
            smaller_windows(_roi(metadata)),
        )
    chance = logits.sigmoid() if logits.shape[0] == 1 else 1 - logits.softmax(0)[:1]
    back = ResampleToMatch(mode="bilinear", padding_mode="zeros")(MetaTensor(chance, affine=ready.affine), given)
    return np.asarray(back.numpy()[0] > 0.5)


def _optional(path: Path) -> dict[str, Any]:
    try:
        return _config(path, "inference")
    except BadInput:
        return {}


def _roi(metadata: dict[str, Any]) -> tuple[int, ...]:
    inputs = metadata.get("network_data_format", {}).get("inputs", {}).get("image", {})
    shape = inputs.get("spatial_shape", [])
    if len(shape) == 3 and all(isinstance(n, int) and 8 <= n <= 256 for n in shape):
        return tuple(shape)
    return (96, 96, 96)
