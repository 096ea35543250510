"""One repository per subject: what the bot keeps, and the transactions that change it."""
