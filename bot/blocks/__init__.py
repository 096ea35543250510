"""What messages are made of: Block Kit as plain data."""
