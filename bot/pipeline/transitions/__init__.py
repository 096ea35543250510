"""The transitions at the start of a request and at the end of a phase, with their holds, timers and audit entries."""
