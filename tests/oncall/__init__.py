"""Tests of the clients of on-call services."""
