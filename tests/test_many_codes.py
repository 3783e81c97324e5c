"""A step with very many codes stays within its memory."""

import os
import subprocess
import sys

MOST = 512  # MB beyond the weights
PROGRAM = """
from scripts.measure_replicas import LATENTS, step_of_many_codes
assert LATENTS == 6_272
print(step_of_many_codes(65_536, steps=2)[1])
"""


def test_65_536_codes_take_less_than_512_mb_beyond_the_weights():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert 50 < float(done.stdout) < MOST
