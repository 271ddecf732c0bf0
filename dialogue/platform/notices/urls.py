"""The addresses of this room."""

from django.urls import path

from dialogue.platform.notices import views

urlpatterns = [
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/glance/", views.notice_glance, name="notice_glance"),
    path("notices/bell/", views.notice_bell, name="notice_bell"),
    path("notices/read/", views.notice_read_all, name="notice_read_all"),
    path("notices/<int:pk>/", views.notice_open, name="notice_open"),
]
