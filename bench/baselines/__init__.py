"""What the bot is compared with: a bare async Bolt, the usual sync one, and no Bolt at all."""
