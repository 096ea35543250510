"""Tests of `bot/app`, the composition root, and of parts that belong to no other layer."""
