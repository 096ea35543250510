"""Commands that get a database back to an earlier time: copy it, compare, and decide about the copy."""
