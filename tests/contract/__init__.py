"""The behavior of libraries on which the bot relies, one small test for each detail.

`make contract` runs these tests with the newest releases that `pyproject.toml` allows. A failure names the changed
detail of a library before an upgrade breaks the bot.
"""
