"""How long a piece of work computes, for tests that say how this grows with its input.

Measure a few times and take the shortest: `min(times)`. Everything else that a machine does only adds to it.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def computing(times: list[float]) -> Iterator[None]:
    """Append the CPU seconds that this thread needs for the block, without garbage collection.

    A full collection goes through all objects of the process. After thousands of tests that takes longer than most
    work that is measured, and it begins wherever the work happens to be.
    """
    gc.disable()
    began = time.thread_time()
    try:
        yield
    finally:
        times.append(time.thread_time() - began)
        gc.enable()
