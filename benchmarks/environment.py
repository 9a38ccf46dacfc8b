"""What every measured process starts with: no settings of matrix libraries, so that each takes what it takes by itself.

`OPENBLAS_CORETYPE=Haswell`, which some machines set for all, halves what NumPy does on a processor with AVX-512; a
comparison with it would be one with the wrong kernel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

PREFIXES = ("OPENBLAS_", "GOTO_", "OMP_", "GOMP_", "KMP_", "MKL_", "BLIS_", "NVPL_", "VECLIB_", "ONEDNN_", "DNNL_")
NAMES = ("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "XLA_FLAGS", "ZEROKARA_LEVEL")


def settings(environment: Mapping[str, str]) -> list[str]:
    """The names of the variables that would change how fast something computes."""
    return sorted(name for name in environment if name in NAMES or name.startswith(PREFIXES))


def untuned(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment without them."""
    return {name: value for name, value in environment.items() if name not in settings(environment)}


def start_untuned() -> None:
    """Start this process anew without them: a matrix library reads them only once, when it is loaded."""
    if found := settings(os.environ):
        print(f"measured without {', '.join(found)}", file=sys.stderr, flush=True)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], untuned(os.environ))


def matrix_libraries() -> str:
    """Which kernels the libraries loaded in this process have chosen, and their threads: "openblas SkylakeX × 2"."""
    from threadpoolctl import threadpool_info

    found = {
        f"{library['internal_api']} {library.get('architecture') or library.get('version') or ''}".strip()
        + f" × {library['num_threads']}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(found)) or "its own"
