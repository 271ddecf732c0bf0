"""The addresses of this room."""

from django.urls import path

from dialogue.selling.purchases import views

urlpatterns = [
    path("purchases/", views.purchase_list, name="purchase_list"),
    path("purchases/<int:pk>/", views.purchase, name="purchase"),
]
