"""What happens when a timer is due: one file per kind of work. `durable/sweep.py` finds the timers that are due."""
