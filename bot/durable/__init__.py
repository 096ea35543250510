"""Durable work: DBOS workflows that execute requests and fire timers, and that continue after a crash."""
