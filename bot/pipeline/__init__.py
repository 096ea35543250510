"""The request pipeline: parse, authorize, request approval, run, audit, deliver."""
