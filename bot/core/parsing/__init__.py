"""Parsing: from the text after `/turso` to a command and its validated arguments."""
