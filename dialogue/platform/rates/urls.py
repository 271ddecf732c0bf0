"""The addresses of this room."""

from django.urls import path

from dialogue.platform.rates import views

urlpatterns = [
    path("settings/rates/", views.rate_list, name="rate_list"),
    path("settings/rates/load/", views.rate_load, name="rate_load"),
    path("settings/rates/<int:pk>/remove/", views.rate_remove, name="rate_remove"),
]
