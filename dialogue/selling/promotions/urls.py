"""The addresses of coupons."""

from django.urls import path

from dialogue.selling.promotions import views

urlpatterns = [
    path("coupons/", views.coupons, name="coupons"),
    path("coupons/new/", views.series_new, name="coupon_series_new"),
    path("coupons/<int:pk>/", views.series, name="coupon_series"),
    path("coupons/<int:pk>/codes.csv", views.codes, name="coupon_codes"),
    path("coupons/<int:pk>/<str:verb>/", views.series_verb, name="coupon_series_verb"),
]
