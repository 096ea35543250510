"""What the bench measures is only worth what its own judgement is worth."""
