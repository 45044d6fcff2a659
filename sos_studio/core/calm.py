"""What numerical libraries must find in the environment before the first of them is imported."""

from __future__ import annotations

import os

# OpenBLAS, by which numpy and scipy multiply matrices.
_PRODUCT_THREADS = "OPENBLAS_NUM_THREADS"


def keep_cores_free() -> None:
    """Multiply matrices in one thread, in this process and those that it starts; whoever has set the number keeps it.

    Others would wait for the next product by spinning, a tenth of a second each time (measured: 100 ms of another core for one product
    that takes 1 ms), while panes and networks wait for that core. Matrices here are small, and one thread is quicker for them.
    """
    os.environ.setdefault(_PRODUCT_THREADS, "1")
