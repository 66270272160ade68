"""What a process takes of its machine."""

import os
from pathlib import Path
import resource
import sys


def take_core(number: int) -> None:
    """Stay on one core, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


def memory() -> float:
    """Return the resident memory of the process in kB."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        # Elsewhere there is only the highest it ever was, on macOS in bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform == "darwin" else peak
    return pages * resource.getpagesize() / 1024
