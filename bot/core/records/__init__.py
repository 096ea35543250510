"""The store's records except requests: holds, tokens, timers, incidents, notices, usage, audit entries."""
