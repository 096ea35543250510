"""The path: parse, authorise, ask for approval, run, audit, deliver."""
