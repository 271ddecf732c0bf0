"""The addresses of messages."""

from django.urls import path

from dialogue.customers.channels import mailing_pages, office, views

urlpatterns = [
    path("contacts/<int:pk>/write/", views.letter_new, name="letter_new"),
    path("contacts/<int:pk>/write/preview/", views.letter_preview, name="letter_preview"),
    path("letters/<int:pk>/<str:verb>/", views.letter_verb, name="letter_verb"),
    path("settings/letters/", office.mail_settings, name="mail_settings"),
    path("settings/senders/", office.senders, name="senders"),
    path("settings/senders/<int:pk>/confirm/", office.sender_confirm, name="sender_confirm"),
    path("settings/senders/<int:pk>/<str:verb>/", office.sender_verb, name="sender_verb"),
    path("settings/prepared-letters/", office.letter_templates, name="letter_templates"),
    path("settings/prepared-letters/<int:pk>/", office.letter_templates, name="letter_template"),
    path("settings/stop-list/", office.stop_list, name="stop_list"),
    path("mailings/", mailing_pages.mailings, name="mailings"),
    path("mailings/<int:pk>/", mailing_pages.mailing, name="mailing"),
    path("mailings/<int:pk>/unknown/", mailing_pages.mailing_unknown, name="mailing_unknown"),
    path("mailings/<int:pk>/<str:verb>/", mailing_pages.mailing_verb, name="mailing_verb"),
    path("mailbox/", office.mailbox, name="mailbox"),
    path("mailbox/<int:pk>/", office.mailbox_letter, name="mailbox_letter"),
    path("mailbox/sign-in/", office.service_letters, name="service_letters"),
    path("mailbox/sign-in/<int:pk>/", office.service_letter, name="service_letter"),
]
