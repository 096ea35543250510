"""One repository per kind of record, each with the transactions that change it."""
