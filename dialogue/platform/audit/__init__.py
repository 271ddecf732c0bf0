"""Who did what to which record, before and after: one stream that feeds history, notices, webhooks and automation.

The lowest room with rows, so that even the creation of a company is recorded: actor and company are bare ids here.
`@action` lives here too: one verb, one function, for button, API, automation and audit alike.
"""
