"""How a message looks: Block Kit and mrkdwn drawn as HTML in which nothing that somebody wrote is ever live."""
