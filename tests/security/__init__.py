"""What must hold against somebody who means it: secrets that stay where they belong, a log that tells of tampering."""
