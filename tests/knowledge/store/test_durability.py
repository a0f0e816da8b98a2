"""A build that is killed leaves the old index serving; many processes read while one writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def run(tmp_path, *arguments):
    environment = os.environ | {"CONSILIUM_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.knowledge.store.durability_driver", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_build_killed_at_any_moment_leaves_a_whole_index_serving(tmp_path):
    done = run(tmp_path, "kills", 6)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) >= 2, "too few builds were caught in the act"


def test_readers_are_never_disturbed_by_the_writer(tmp_path):
    done = run(tmp_path, "crowd", 2, 3)
    assert done.returncode == 0, done.stderr[-2000:]
