"""Every door of the second origin, listed by hand so that a reader sees them all."""

from django.urls import path

from dialogue.faces import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
handler404 = "dialogue.faces.office.views.not_found"
handler500 = "dialogue.faces.office.views.fault"
