"""Every door of the second origin, listed by hand so that a reader sees them all."""

from django.urls import path

from dialogue.faces import health
from dialogue.platform.files.serving import serve_file

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("files/<str:token>/", serve_file, name="serve_file"),
]
handler404 = "dialogue.faces.office.views.not_found"
handler500 = "dialogue.faces.office.views.fault"
