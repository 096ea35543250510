"""Tests of how the benchmark judges its figures."""
