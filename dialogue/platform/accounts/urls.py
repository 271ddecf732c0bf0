"""The addresses of this room."""

from django.urls import path

from dialogue.platform.accounts.views import seeing

urlpatterns = [
    path("why/<str:kind>/<int:number>/", seeing.why_seen, name="why_seen"),
]
