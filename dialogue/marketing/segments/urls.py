"""The addresses of segments."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
