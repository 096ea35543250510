"""Hand everything that comes in to what handles it: before Slack's ack, after it, and again after a crash."""
