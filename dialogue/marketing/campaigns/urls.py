"""The addresses of campaigns."""

from django.urls import path

from dialogue.marketing.campaigns import views, views_edit, views_letters, views_past, views_report

urlpatterns = [
    path("campaigns/", views.campaign_list, name="campaign_list"),
    path("campaigns/new/", views_edit.campaign_new, name="campaign_new"),
    path("campaigns/past/", views_past.campaign_past, name="campaign_past"),
    path("campaigns/<int:pk>/", views.campaign_page, name="campaign_page"),
    path("campaigns/<int:pk>/plan/", views.campaign_plan, name="campaign_plan"),
    path("campaigns/<int:pk>/edit/", views_edit.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:pk>/letters/", views_letters.campaign_letters, name="campaign_letters"),
    path("campaigns/<int:pk>/goods/<int:key>/", views_letters.campaign_goods, name="campaign_goods"),
    path("campaigns/<int:pk>/preview/", views_letters.campaign_preview, name="campaign_preview"),
    path("campaigns/<int:pk>/launch/", views_letters.campaign_launch, name="campaign_launch"),
    path("campaigns/<int:pk>/people/", views.campaign_people, name="campaign_people"),
    path("campaigns/<int:pk>/result.xlsx", views_report.campaign_workbook, name="campaign_workbook"),
    path("campaigns/<int:pk>/result.pdf", views_report.campaign_pdf, name="campaign_pdf"),
    path("campaigns/<int:pk>/do/<slug:verb>/", views.campaign_verb, name="campaign_verb"),
]
