"""What we rely on in each library, one small test for each detail.

`make contract` runs these tests with the newest releases that `pyproject.toml` allows. A failure names the detail of a
library that has changed, before an upgrade breaks the bot.
"""
