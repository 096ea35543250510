"""Turns a command line into an answer, a form or a request."""
