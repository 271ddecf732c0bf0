"""The addresses of segments."""

from django.urls import path

from dialogue.marketing.segments import views, views_edit

urlpatterns = [
    path("segments/", views.segment_list, name="segment_list"),
    path("segments/new/", views_edit.segment_new, name="segment_new"),
    path("segments/new/<slug:start>/", views_edit.segment_new, name="segment_from"),
    path("segments/count/", views_edit.segment_count, name="segment_count"),
    path("segments/overlap/", views.segment_overlap, name="segment_overlap"),
    path("segments/pick/", views.segment_pick, name="segment_pick"),
    path("segments/<int:pk>/", views.segment_page, name="segment_page"),
    path("segments/<int:pk>/edit/", views_edit.segment_edit, name="segment_edit"),
    path("segments/<int:pk>/<slug:verb>/", views.segment_verb, name="segment_verb"),
]
