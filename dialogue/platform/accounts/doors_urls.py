"""Addresses outside any company, before allauth's own."""

from django.urls import path

from dialogue.platform.accounts.views import entrance

urlpatterns = [path("link/", entrance.ask_link, name="ask_link")]
