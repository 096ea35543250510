"""Tests of the client of the Turso Platform API, with an organization in memory and over real sockets."""
