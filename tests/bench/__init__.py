"""Tests of the benchmark's own judgement."""
