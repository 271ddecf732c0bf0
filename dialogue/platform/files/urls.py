"""The addresses of this room."""

from django.urls import path

from dialogue.platform.files import views

urlpatterns = [
    path("files/<str:kind>/<int:number>/", views.file_upload, name="file_upload"),
    path("files/<int:pk>/", views.file_open, name="file_open"),
    path("files/<int:pk>/remove/", views.file_remove, name="file_remove"),
]
