"""A step with very many codes stays within its memory."""

import os
import subprocess
import sys

MOST = 512  # MB beyond the weights
PROGRAM = """
from scripts.measure_replicas import LATENTS, step_of_many_codes
from vqvae_lesson import ema
assert LATENTS == 6_272
ema.MANY_CODES = {many}
print(step_of_many_codes(65_536, steps=2)[1])
"""


def megabytes(many=4_096):
    """Take two steps in a process of their own; return what they take beyond."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(many=many)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout)


def test_65_536_codes_take_less_than_512_mb_beyond_the_weights():
    assert 50 < megabytes() < MOST
