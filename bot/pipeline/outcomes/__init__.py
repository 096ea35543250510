"""Tell the people concerned how a request, a freeze, an incident or a review ended."""
