"""The dispatcher: hands each command, click and form to its handler, before and after Slack's ack and after a crash."""
