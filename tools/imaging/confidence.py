"""How far a segmentation can be believed: numbers fitted on validation patients, applied here.

- Voxels: the mean probability of the views, sharpened or softened by one temperature (Guo 2017, arXiv 1706.04599).
- Lesion: the chance that the Dice coefficient with a reader's outline is 0.7 or more, by logistic regression on
  the agreement of the views, the mean probability inside, and the spread of the volumes.
- Volume: an interval from split conformal prediction on the log volume (Lei 2018, doi 10.1080/01621459.2017.1307116),
  scaled by the spread of the views.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.imaging.segmenter import Segmentation
from tools.imaging.weights_store import load_numbers

CALIBRATION_FILE = "lesion_calibration.json"
LOW_CONFIDENCE = 0.5
SPREAD_FLOOR = 0.05


def features(found: Segmentation) -> npt.NDArray[np.float64]:
    """What the lesion's confidence is computed from: agreement, mean probability inside, spread of log volume."""
    inside = float(found.probability[found.mask].mean())
    return np.array([found.agreement, inside, volume_spread(found)])


def volume_spread(found: Segmentation) -> float:
    """Standard deviation of the log volume over the views, at least `SPREAD_FLOOR`."""
    volumes = np.maximum(np.array(found.volumes_mm3), 0.02 * max(found.volumes_mm3))
    return max(float(np.log(volumes).std()), SPREAD_FLOOR)


def _fitted(found: Segmentation, numbers: dict[str, Any] | None) -> dict[str, Any]:
    """The constants for how the lesion was pointed at: fitted apart, because a drawn box is worth much more."""
    made: dict[str, Any] = (numbers or load_numbers(CALIBRATION_FILE))["box" if found.drawn_box else "point"]
    return made


def lesion_confidence(found: Segmentation, numbers: dict[str, Any] | None = None) -> float:
    """Calibrated chance (0 to 1) that the outline overlaps a reader's with a Dice of 0.7 or more."""
    fitted = _fitted(found, numbers)["lesion"]
    scaled = (features(found) - fitted["mean"]) / np.array(fitted["scale"])
    return float(1 / (1 + np.exp(-(scaled @ np.array(fitted["weights"]) + fitted["bias"]))))


def volume_interval_mm3(
    found: Segmentation, volume_mm3: float, numbers: dict[str, Any] | None = None
) -> tuple[float, float]:
    """Interval of the volume at the level in the calibration file, mm³."""
    fitted = _fitted(found, numbers)["volume"]
    reach = fitted["quantile"] * volume_spread(found)
    return volume_mm3 * float(np.exp(-reach)), volume_mm3 * float(np.exp(reach))


def interval_level_percent(numbers: dict[str, Any] | None = None) -> float:
    """Level of the volume interval, percent."""
    return float((numbers or load_numbers(CALIBRATION_FILE))["level_percent"])


def calibrated(probability: npt.NDArray[np.float32], numbers: dict[str, Any] | None = None) -> npt.NDArray[np.float32]:
    """Voxel probabilities after temperature scaling; one half stays one half."""
    temperature = float((numbers or load_numbers(CALIBRATION_FILE))["voxel"]["temperature"])
    clipped = np.clip(probability, 1e-4, 1 - 1e-4)
    made: npt.NDArray[np.float32] = (1 / (1 + ((1 - clipped) / clipped) ** (1 / temperature))).astype(np.float32)
    return made
