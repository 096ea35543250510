"""From the text behind `/turso` to a command and its checked arguments."""
