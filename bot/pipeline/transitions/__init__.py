"""The transitions of a request that depend on its outcome, with their holds, timers and audit entries."""
