"""The data plane: Hrana, which is libSQL's protocol, over HTTP and SQLite files."""
