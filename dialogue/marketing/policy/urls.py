"""The addresses of the contact policy."""

from django.urls import path

from dialogue.marketing.policy import views

urlpatterns = [path("settings/policy/", views.contact_policy, name="contact_policy")]
