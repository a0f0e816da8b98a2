"""From a prompt to a mask: which network looks, what it is told, and that the cube and the scan agree."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from knowledge.errors import ToolFailed, ToolRetry
from tests.tools.imaging.conftest import ball
from tools.imaging.lesion_model import MADE_BOX, NETWORK, PATCH, Grid, Scale, logits_of, prompt_channel
from tools.imaging.segmenter import LesionSegmenter, Prompt, Specialist
from tools.imaging.specialists import part_at
from tools.imaging.study import Study
from tools.imaging.volume import volume_from_array


class Threshold(torch.nn.Module):
    """Says lesion where the wide channel is bright: eight outputs for the eight samples of a block."""

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        wide = blocks[:, :8]
        return 40 * (wide - 0.5)


BRIGHT = Specialist(Threshold(), Scale(30.0, 150.0))


def test_the_blocks_of_the_network_come_back_in_their_places():
    x = torch.rand(1, 4, PATCH, PATCH, PATCH)
    assert NETWORK["in_channels"] == 32
    assert torch.equal(logits_of(Threshold(), x) > 0, x[:, 0] > 0.5)


@pytest.mark.parametrize("point", [(24, 24, 12), (20, 27, 10), (28, 22, 13)])
def test_a_click_anywhere_in_a_ball_outlines_the_whole_ball(nodule_scan, point):
    volume, truth = nodule_scan
    found = LesionSegmenter(BRIGHT).segment(volume, Prompt(point=point))
    mask = found.full_mask(volume.shape)
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.9
    assert np.mean(found.volumes_mm3) == pytest.approx(truth.sum() * volume.voxel_volume_mm3, rel=0.1)
    assert found.agreement > 0.95


def test_a_drawn_box_is_taken_at_its_word(nodule_scan):
    volume, truth = nodule_scan
    where = np.argwhere(truth)
    low, high = (where.min(0) - 0.5).tolist(), (where.max(0) + 0.5).tolist()
    found = LesionSegmenter(BRIGHT).segment(volume, Prompt(box=(tuple(low), tuple(high))))
    assert found.drawn_box
    mask = found.full_mask(volume.shape)
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.9


def test_nothing_at_the_click_is_said(nodule_scan):
    with pytest.raises(ToolFailed, match="stands out"):
        LesionSegmenter(BRIGHT).segment(nodule_scan[0], Prompt(point=(4, 4, 3)))
    with pytest.raises(ToolRetry, match="outside"):
        LesionSegmenter(BRIGHT).segment(nodule_scan[0], Prompt(point=(400, 4, 3)))


def test_a_box_made_from_a_click_is_told_apart_from_a_drawn_one():
    grid = Grid((10.0, 10.0, 10.0), (1.0, 1.0, 1.0))
    box = ((6.0, 6.0, 6.0), (14.0, 14.0, 14.0))
    drawn, made = prompt_channel(grid, None, box), prompt_channel(grid, (12.0, 10.0, 10.0), box)
    assert drawn.sum() == 8**3
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert made[drawn > 0].min() == MADE_BOX
    assert made.max() > 0.9
    with pytest.raises(ValueError, match="point or a box"):
        prompt_channel(grid, None, None)


def test_the_surroundings_of_the_click_choose_the_network(nodule_scan):
    volume, _ = nodule_scan
    assert part_at(volume, np.array([24.0, 24.0, 12.0])) == "lung"
    shape, spacing = (48, 48, 24), (1.0, 1.0, 2.0)
    limb = np.where(ball(shape, spacing, 8), 30, 55).astype(np.float32)
    assert part_at(volume_from_array(limb, spacing, "CT"), np.array([24.0, 24.0, 12.0])) == "body"
    outdoors = np.where(ball(shape, spacing, 8), 30, -1000).astype(np.float32)
    assert part_at(volume_from_array(outdoors, spacing, "CT"), np.array([24.0, 24.0, 12.0])) == "body"
    assert part_at(volume_from_array(limb, spacing, "MR"), np.array([24.0, 24.0, 12.0])) == "body"


def test_a_users_network_states_no_confidence_because_none_was_fitted_to_it(nodule_scan):
    report = Study(nodule_scan[0], LesionSegmenter(BRIGHT)).work_up(Prompt(point=(24.0, 24.0, 12.0))).report
    assert report.confidence is None
    assert report.volume_low_mm3 is None


@pytest.mark.slow
@pytest.mark.parametrize(("radius_mm", "size"), [(5, 64), (9, 64), (20, 96)])
def test_a_click_on_a_lesion_far_smaller_than_the_first_look_expects_is_outlined(radius_mm, size):
    middle = (size // 2,) * 3
    truth = ball((size,) * 3, (1.0, 1.0, 1.0), radius_mm)
    noise = np.random.default_rng(1).normal(0, 10, truth.shape)
    volume = volume_from_array((np.where(truth, 60, -120) + noise).astype(np.float32), (1.0, 1.0, 1.0), "CT")
    mask = LesionSegmenter().segment(volume, Prompt(point=tuple(map(float, middle)))).full_mask(volume.shape)
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.7
