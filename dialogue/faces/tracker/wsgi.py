"""The second origin as a WSGI application: the same rooms, other addresses, no session."""

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dialogue.settings")
# allauth refuses to load without its middleware, so the choice is made after loading.
django.setup(set_prefix=False)
settings.MIDDLEWARE = settings.TRACKER_MIDDLEWARE
settings.ROOT_URLCONF = "dialogue.faces.tracker.urls"
from dialogue.customers.channels.hits import basket  # noqa: E402
from dialogue.faces.tracker.quick import quick  # noqa: E402

application = quick(WSGIHandler())

basket.start()
