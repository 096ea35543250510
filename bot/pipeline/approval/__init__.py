"""Take a request from its first vote to its start, or to its refusal."""
