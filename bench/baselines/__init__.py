"""The baselines: a bare async Bolt app, the usual sync one, and no Bolt at all."""
