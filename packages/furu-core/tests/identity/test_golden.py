"""The golden file: what every process, host and version of Python agrees on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import furu_golden
import golden
import pytest


def test_golden_file_covers_at_least_sixty_configs():
    """Every golden hash belongs to a config of today, except those of packages that are not installed here."""
    recorded = golden.recorded()
    assert len(recorded) >= 60
    assert recorded.keys() - furu_golden.CONFIGS.keys() <= {"attrs"}


@pytest.mark.parametrize("name", sorted(furu_golden.CONFIGS))
def test_hash_is_golden(name):
    """A config has the hash it had when it was recorded."""
    assert furu_golden.CONFIGS[name].furu_hash == golden.recorded()[name]


def test_golden_hashes_differ():
    """Configs of different meaning have different keys."""
    recorded = golden.recorded()
    twins = {"furu_dep private ignored": "furu_dep", "numpy bool": "true"}
    hashes = [value for name, value in recorded.items() if name not in twins]
    assert len(set(hashes)) == len(hashes)
    for twin, original in twins.items():
        assert recorded[twin] == recorded[original]


@pytest.mark.parametrize(("seed", "zone"), [("0", "Asia/Tokyo"), ("77", "America/St_Johns")])
def test_hashes_do_not_depend_on_the_process(seed, zone):
    """Another process with another string hash seed, time zone and locale computes the same keys."""
    script = Path(golden.__file__)
    env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, check=True)
    recorded = golden.recorded()
    assert {name: recorded[name] for name in furu_golden.CONFIGS} == json.loads(done.stdout)
