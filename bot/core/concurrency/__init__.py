"""Background loops, and a cache that shares concurrent calls."""
