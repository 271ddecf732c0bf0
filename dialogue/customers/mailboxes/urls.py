"""The addresses of mailboxes."""

from django.urls import path

from dialogue.customers.mailboxes import views

urlpatterns = [
    path("settings/mailboxes/", views.mailboxes, name="mailboxes"),
    path("settings/mailboxes/<int:pk>/", views.mailboxes, name="mailbox_edit"),
    path("settings/mailboxes/<int:pk>/<str:verb>/", views.mailbox_verb, name="mailbox_verb"),
    path("settings/incoming/", views.incoming, name="incoming"),
    path("settings/incoming/<int:pk>/", views.incoming_one, name="incoming_one"),
]
