"""Threads are placed on other processors than the caller's: also when one has ended before it is placed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("zerokara._core", reason="the compiled core was not built")

COMPILER = shutil.which("cc")

SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set) {
  int (*real)(pthread_t, size_t, const cpu_set_t *) = dlsym(RTLD_NEXT, "pthread_setaffinity_np");
  usleep(20000);
  puts("placed");
  fflush(stdout);
  return real(thread, size, set);
}
"""
"""A system that places threads long after they started."""

CALLER = """
import os
import numpy as np
from zerokara import _core as core

before = os.sched_getaffinity(0)
for _ in range(3):
    core.numerical_gradient(
        weights=[np.ones((1, 1))], biases=[np.zeros(1)], activation="relu", activation_parameters=None,
        loss="squared", loss_parameters=None, weight_decay=0.0,
        x=np.ones((1, 1)), targets=np.ones((1, 1)), above=1e-4, below=-1e-4, stop=None, threads=2,
        weight_gradients=[np.empty((1, 1))], bias_gradients=[np.empty(1)],
    )
assert os.sched_getaffinity(0) == before, f"{before} became {os.sched_getaffinity(0)}"
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are placed on Linux only")
@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_a_helper_that_is_done_before_it_is_placed_does_not_move_the_caller(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is no other processor to place a thread on")
    slow = tmp_path / "slow.so"
    assert COMPILER
    subprocess.run(
        [COMPILER, "-shared", "-fPIC", "-x", "c", "-", "-o", slow, "-ldl"], input=SLOW, text=True, check=True
    )
    preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), str(slow)]))
    python = [sys.executable, *["-S"] * sys.flags.no_site]  # as rebuilt.sh has it, so that it imports the same core
    env = os.environ | {"LD_PRELOAD": preload}
    done = subprocess.run([*python, "-c", CALLER], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["placed"] * 3
