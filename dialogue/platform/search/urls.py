"""The addresses of search."""

from django.urls import path

from dialogue.platform.search import views

urlpatterns = [path("search/", views.search, name="search")]
