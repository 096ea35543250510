"""Durable work: DBOS workflows that execute requests and fire timers, and continue after a crash."""
