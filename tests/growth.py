"""Measures the CPU time of a piece of work, for tests of how it grows with its input.

Measure a few times and take the shortest time, `min(times)`, because other work on the machine can only make it longer.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def computing(times: list[float]) -> Iterator[None]:
    """Append the CPU seconds that this thread needs for the block, without garbage collection.

    A full collection visits all objects of the process. After thousands of tests, that takes longer than most measured
    work, and it may begin at any point.
    """
    gc.disable()
    began = time.thread_time()
    try:
        yield
    finally:
        times.append(time.thread_time() - began)
        gc.enable()
