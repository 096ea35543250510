"""The dispatcher: passes each command, click and form to its handler, before and after the acknowledgement."""
