"""The audit stream: sends the audit log to a receiver, in order and at least once."""
