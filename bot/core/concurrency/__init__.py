"""Background loops, a cache that shares concurrent calls, and waits with a deadline."""
