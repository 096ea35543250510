"""The ways from a command line to an answer, a form or a request."""
