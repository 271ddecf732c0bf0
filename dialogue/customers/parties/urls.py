"""The addresses of customers."""

from django.urls import path

from dialogue.customers.parties import views

urlpatterns = [
    path("contacts/", views.contacts, name="contacts"),
    path("contacts/new/", views.new, name="party_new"),
    path("contacts/<int:pk>/", views.card, name="party_card"),
]
