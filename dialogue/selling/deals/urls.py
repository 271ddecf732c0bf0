"""The addresses of deals."""

from django.urls import path

from dialogue.selling.deals import board_views, settings_views, views

urlpatterns = [
    path("deals/", views.deal_list, name="deal_list"),
    path("deals/new/", views.deal_new, name="deal_new"),
    path("deals/board/", board_views.deal_board, name="deal_board"),
    path("deals/board/<int:stage>/", board_views.deal_column, name="deal_column"),
    path("deals/remember/", board_views.deal_remember, name="deal_remember"),
    path("deals/settings/", settings_views.deal_settings, name="deal_settings"),
    path("deals/settings/pipeline/<slug:verb>/", settings_views.pipeline_verb, name="pipeline_add"),
    path("deals/settings/pipeline/<int:pk>/<slug:verb>/", settings_views.pipeline_verb, name="pipeline_verb"),
    path("deals/settings/stage/<int:pk>/<slug:verb>/", settings_views.stage_verb, name="stage_verb"),
    path("deals/settings/reason/<slug:verb>/", settings_views.loss_reason_verb, name="loss_reason_add"),
    path("deals/settings/reason/<int:pk>/<slug:verb>/", settings_views.loss_reason_verb, name="loss_reason_verb"),
    path("deals/<int:pk>/", views.deal_page, name="deal_card"),
    path("deals/<int:pk>/edit/", views.deal_edit, name="deal_edit"),
    path("deals/<int:pk>/lose/", views.deal_lose, name="deal_lose"),
    path("deals/<int:pk>/move/", board_views.deal_move, name="deal_move"),
    path("deals/<int:pk>/stage/<int:stage>/", views.deal_stage, name="deal_stage"),
    path("deals/<int:pk>/contacts/", views.deal_contact, name="deal_contact"),
    path("deals/<int:pk>/tags/", views.deal_tags, name="deal_tags"),
    path("deals/<int:pk>/comments/", views.deal_comment, name="deal_comment"),
    path("deals/<int:pk>/comments/<int:comment>/", views.deal_comment_remove, name="deal_comment_remove"),
    path("deals/<int:pk>/<slug:verb>/", views.deal_verb, name="deal_verb"),
]
