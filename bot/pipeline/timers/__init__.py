"""The work of due timers, one file per kind of work. `durable/sweep.py` finds the timers that are due."""
