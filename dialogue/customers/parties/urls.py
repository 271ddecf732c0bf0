"""The addresses of customers."""

from django.urls import path

from dialogue.customers.parties import dialogs, merge_views, settings, views

urlpatterns = [
    path("contacts/", views.contacts, name="contacts"),
    path("contacts/new/", dialogs.new, name="party_new"),
    path("contacts/duplicates/", dialogs.duplicates, name="party_duplicates"),
    path("contacts/pick/", dialogs.pick, name="party_pick"),
    path("contacts/<int:pk>/", views.card, name="party_card"),
    path("contacts/<int:pk>/panel/<slug:name>/", views.panel, name="party_panel"),
    path("contacts/<int:pk>/field/<str:name>/", dialogs.field, name="party_field"),
    path("contacts/<int:pk>/reach/", dialogs.contact_point, name="party_contact_new"),
    path("contacts/<int:pk>/reach/<int:point>/", dialogs.contact_point, name="party_contact"),
    path("contacts/<int:pk>/address/", dialogs.address, name="party_address_new"),
    path("contacts/<int:pk>/address/<int:address>/", dialogs.address, name="party_address"),
    path("contacts/<int:pk>/relation/", dialogs.relation, name="party_relation_new"),
    path("contacts/<int:pk>/relation/<int:relation>/", dialogs.relation, name="party_relation"),
    path("contacts/<int:pk>/consent/", dialogs.consent, name="party_consent"),
    path("contacts/<int:pk>/merge/", merge_views.merge, name="party_merge"),
    path("contacts/<int:pk>/merge/<int:merge>/undo/", merge_views.undo, name="party_unmerge"),
    path("contacts/<int:pk>/delete/", dialogs.bin_it, name="party_delete"),
    path("settings/tags/", settings.tags, name="party_tags"),
    path("settings/tags/<int:pk>/", settings.tag, name="party_tag"),
    path("settings/relations/", settings.relation_types, name="party_relation_types"),
    path("settings/relations/new/", settings.relation_type, name="party_relation_type_new"),
    path("settings/relations/<int:pk>/", settings.relation_type, name="party_relation_type"),
]
