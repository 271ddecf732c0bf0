"""The addresses of this room."""

from django.urls import path

from dialogue.platform.audit import views

urlpatterns = [
    path("settings/history/", views.history, name="history"),
    path("history/<str:kind>/<int:number>/", views.record_history, name="record_history"),
    path("settings/bin/", views.bin_page, name="bin"),
    path("settings/bin/<str:kind>/<int:number>/", views.bin_references, name="bin_references"),
    path("settings/bin/<str:kind>/<int:number>/restore/", views.bin_restore, name="bin_restore"),
]
