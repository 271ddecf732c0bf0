"""The addresses of criteria."""

from django.urls import path

from dialogue.platform.criteria import rule_views, views

urlpatterns = [
    path("rules/<slug:entity>/", rule_views.rule_editor, name="rule_editor"),
    path("settings/fields/", views.characteristics, name="characteristics"),
    path("settings/fields/<slug:entity>/", views.characteristics, name="characteristics_of"),
    path("settings/fields/<slug:entity>/new/", views.characteristic, name="characteristic_new"),
    path("settings/fields/<slug:entity>/<int:pk>/", views.characteristic, name="characteristic"),
    path("settings/fields/<slug:entity>/<int:pk>/<slug:verb>/", views.characteristic_verb, name="characteristic_verb"),
]
