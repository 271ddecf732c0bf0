"""The addresses of this room."""

from django.urls import path

from dialogue.platform.accounts.views import keys, members, seeing, settings

urlpatterns = [
    path("why/<str:kind>/<int:number>/", seeing.why_seen, name="why_seen"),
    path("settings/", settings.settings_home, name="settings"),
    path("settings/company/", settings.settings_company, name="settings_company"),
    path("settings/members/", members.settings_members, name="settings_members"),
    path("settings/members/<int:pk>/", members.settings_member, name="settings_member"),
    path("settings/members/<int:pk>/remove/", members.settings_member_remove, name="settings_member_remove"),
    path("settings/teams/", members.settings_team, name="settings_team"),
    path("settings/roles/", members.settings_roles, name="settings_roles"),
    path("settings/roles/new/", members.settings_role, name="settings_role_new"),
    path("settings/roles/<int:pk>/", members.settings_role, name="settings_role"),
    path("settings/roles/<int:pk>/remove/", members.settings_role_remove, name="settings_role_remove"),
    path("settings/keys/", keys.settings_keys, name="settings_keys"),
    path("settings/keys/<int:pk>/revoke/", keys.settings_key_revoke, name="settings_key_revoke"),
]
