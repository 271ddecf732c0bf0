"""Every door of the second origin, listed by hand so that a reader sees them all."""

from django.urls import path

from dialogue.customers.channels import public as letters
from dialogue.customers.channels.frames import letter_frame
from dialogue.faces import health
from dialogue.platform.files.serving import serve_file

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("files/<str:token>/", serve_file, name="serve_file"),
    path("l/<str:token>", letters.follow, name="letter_link"),
    path("h/<str:token>", letters.hidden, name="letter_hidden"),
    path("o/<str:token>", letters.picture, name="letter_picture"),
    path("p/<str:token>", letter_frame, name="letter_frame"),
    path("u/<str:token>", letters.leave, name="letter_leave"),
]
handler404 = "dialogue.faces.office.views.not_found"
handler500 = "dialogue.faces.office.views.fault"
