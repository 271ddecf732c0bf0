"""The second origin: links, opens, unsubscribe, public pages and files; no session, no cookie of the office.

Its process is `dialogue tracker`. Tests reach it with `override_settings(ROOT_URLCONF="dialogue.faces.tracker.urls",
MIDDLEWARE=settings.TRACKER_MIDDLEWARE)`; other rooms name its pages with `reverse(name, urlconf="dialogue.faces.tracker.urls")`.
"""
