"""Records of the store: holds, tokens, timers, incidents, branches, delegations, notices, usage, audit entries."""
