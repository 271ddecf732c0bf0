"""The addresses of attribution."""

from django.urls import path

from dialogue.marketing.attribution import views

urlpatterns = [
    path("settings/attribution/", views.attribution, name="attribution"),
    path("attribution/<str:what>/<int:pk>/", views.why, name="attribution_why"),
]
