"""A batch shared by two devices, or by two workers, ends where one device ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import share_training
from tests.kill_workers import free_ports, told
from vqvae_lesson.ema import CodebookState
from vqvae_lesson.errors import LessonError
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.replicas import SharedTraining, find_strategy, mirrored

PROGRAM = Path(__file__).with_name("share_training.py")
NAMES = ["article", "healthy", "grid", "residual"]
# Each device or worker traces each recipe anew. Where time counts, the one with the
# most to share will do, a start by k-means and revival in each of its stages; on two
# devices also the one without.
ALL = "ALL_FAULTS" in os.environ
ON_DEVICES = NAMES if ALL else ["article", "residual"]
ON_WORKERS = NAMES if ALL else ["residual"]
SHARED = [("two_devices", name) for name in ON_DEVICES]
SHARED += [("two_workers", name) for name in ON_WORKERS]
LIMIT = 300  # seconds


def config(workers, kind="worker", index=0, **others):
    task = {"type": kind, "index": index}
    return json.dumps({"cluster": {"worker": workers, **others}, "task": task})


def start(folder, devices, names, **environment):
    return subprocess.Popen(
        [sys.executable, PROGRAM, folder, str(devices), *names],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes):
    for process in processes:
        _, said = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, said[-2000:]


def read(folder, name, replica):
    with np.load(folder / f"{name} {replica}.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    share_training.main(folder, 1, *ON_DEVICES)
    return folder


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    finish(start(folder, 2, [*ON_DEVICES, "article apart"]))
    return folder


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    folder, ports = tmp_path_factory.mktemp("workers"), free_ports(2)
    names = [*ON_WORKERS, "article apart"]
    configs = [{"TF_CONFIG": told(index, ports)} for index in range(2)]
    finish(*(start(folder, 1, names, **config) for config in configs))
    return folder


@pytest.mark.parametrize(("where", "name"), SHARED)
def test_both_replicas_end_with_the_same_numbers_bit_for_bit(request, where, name):
    folder = request.getfixturevalue(where)
    first, second = read(folder, name, 0), read(folder, name, 1)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key], key)


@pytest.mark.parametrize(("where", "name"), SHARED)
def test_two_replicas_end_where_one_device_ends(request, alone, where, name):
    one, two = read(alone, name, 0), read(request.getfixturevalue(where), name, 0)
    assert one.keys() == two.keys()
    for key, value in one.items():
        if "counts" in key:
            np.testing.assert_array_equal(two[key], value, key)
        np.testing.assert_allclose(two[key], value, rtol=2e-4, atol=2e-4, err_msg=key)


@pytest.mark.parametrize("where", ["two_devices", "two_workers"])
def test_codes_that_see_one_replica_only_end_elsewhere(request, alone, where):
    folder = request.getfixturevalue(where)
    one, two = read(alone, "article", 0), read(folder, "article apart", 0)
    [counts] = [key for key in one if "counts" in key]
    assert np.sum(one[counts]) > 1.1 * np.sum(two[counts])


@pytest.mark.parametrize(("where", "alike"), [("devices", True), ("workers", False)])
def test_without_the_sum_devices_copy_the_first_and_workers_part(request, where, alike):
    folder = request.getfixturevalue(f"two_{where}")
    first, second = (read(folder, "article apart", replica) for replica in range(2))
    moved = [key for key in first if key.split()[-1] in CodebookState._fields]
    assert len(moved) == 3
    for key in moved:
        assert np.array_equal(first[key], second[key]) == alike, key


ALONE = """
from vqvae_lesson import replicas
replicas.MOST_WAIT = 3
replicas.find_strategy()
"""


def test_a_worker_that_nobody_joins_ends_by_itself():
    waiting = [
        subprocess.Popen(
            [sys.executable, "-c", ALONE],
            env={**os.environ, "TF_CONFIG": told(index, free_ports(2))},
            stdout=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    for worker in waiting:
        said, _ = worker.communicate(timeout=60)
        assert worker.returncode == 1
        assert said.splitlines() == [
            "waiting for 2 workers; without all of them in 3 s this one ends: look at "
            "addresses and ports"
        ]


@pytest.mark.parametrize(
    "config",
    [
        *("{", "[]", "{}", "[" * 200_000),
        config(["a:1"], index=1),
        config(["a:1"], index=False),
        config(["a:1"], index=0.0),
        config(["a:1"], index="0"),
        config(["a:1"], kind="chief"),
        config(["a:1"], kind=None),
        *(config([one]) for one in ("a", "a:0", "a:65536", "a:http", "grpc://a:1", 5)),
        config(["a:1", "a:1"]),
        config("a:1"),
        config(["a:1"], chief=["b:1"]),
    ],
)
def test_a_config_that_names_no_worker_is_refused(monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(LessonError, match="TF_CONFIG is"):
        find_strategy()


def test_less_than_one_device_is_refused():
    with pytest.raises(LessonError, match="0 devices, expected at least 1"):
        mirrored(0)


def test_workers_and_devices_are_one_thing_or_the_other(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", told(0, [1]))
    with pytest.raises(LessonError, match="leave out --devices"):
        find_strategy(2)


def test_one_device_needs_no_strategy(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert find_strategy() is None


def test_a_batch_that_does_not_divide_is_refused():
    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(LessonError, match="multiple of the 3 devices"):
        SharedTraining(find_recipe("small"), strategy=Three())
