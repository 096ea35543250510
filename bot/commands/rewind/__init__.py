"""Commands that get a database back to an earlier moment: copy it, compare, and decide about the copy."""
