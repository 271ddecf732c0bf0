"""The addresses of reports."""

from django.urls import path

from dialogue.insight.reports import views

urlpatterns = [path("analytics/", views.analytics, name="analytics")]
