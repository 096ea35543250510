"""The client of the Turso Platform API, against an organization in memory and over real sockets."""
