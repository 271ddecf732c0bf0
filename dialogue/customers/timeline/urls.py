"""The addresses of the timeline."""

from django.urls import path

from dialogue.customers.timeline import views

urlpatterns = [
    path("events/", views.events, name="events"),
    path("contacts/<int:pk>/timeline/", views.party_timeline, name="party_timeline"),
    path("contacts/<int:pk>/timeline/add/", views.compose, name="timeline_compose"),
    path("contacts/<int:pk>/answer/", views.party_answer, name="party_answer"),
    path("entries/<int:pk>/answer/", views.answer, name="entry_answer"),
    path("entries/<int:pk>/strike/", views.strike, name="entry_strike"),
]
