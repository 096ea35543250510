"""The other records that the store keeps: holds, tokens, timers, incidents, notices, usage, audit entries."""
