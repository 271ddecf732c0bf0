"""Every door of the installation, listed by hand so that a reader sees them all."""

from django.urls import include, path

from dialogue.faces import health
from dialogue.faces.api.late import LateResolver
from dialogue.faces.office import views as office
from dialogue.faces.office.gallery import gallery
from dialogue.faces.office.registration import register
from dialogue.faces.office.sending import unlock

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", office.home, name="home"),
    path("sign-in/<str:token>/", office.sign_in_by_link, name="sign_in_link"),
    path("companies/", office.companies, name="companies"),
    path("companies/new/", register, name="register"),
    path("language/", office.choose_language, name="language"),
    path("theme/", office.choose_theme, name="theme"),
    path("jobs/", office.job_list, name="job_list"),
    path("jobs/<int:pk>/<str:verb>/", office.job_verb, name="job_verb"),
    path("sending/unlock/", unlock, name="unlock_sending"),
    LateResolver("api/v1/", "dialogue.faces.api.v1", namespace="api-1"),
    path("gallery/", gallery, name="gallery"),
    path("account/", include("dialogue.platform.accounts.doors_urls")),
    path("account/", include("allauth.urls")),
    path("", include("dialogue.platform.audit.urls")),
    path("", include("dialogue.platform.accounts.urls")),
    path("", include("dialogue.platform.imports.urls")),
    path("", include("dialogue.platform.criteria.urls")),
    path("", include("dialogue.platform.lists.urls")),
    path("", include("dialogue.platform.search.urls")),
    path("", include("dialogue.platform.notices.urls")),
    path("", include("dialogue.platform.files.urls")),
    path("", include("dialogue.platform.mail.urls")),
    path("", include("dialogue.platform.rates.urls")),
    path("", include("dialogue.customers.parties.urls")),
    path("", include("dialogue.customers.timeline.urls")),
    path("", include("dialogue.customers.channels.urls")),
    path("", include("dialogue.customers.tasks.urls")),
    path("", include("dialogue.customers.mailboxes.urls")),
    path("", include("dialogue.selling.deals.urls")),
    path("", include("dialogue.selling.purchases.urls")),
    path("", include("dialogue.selling.promotions.urls")),
    path("", include("dialogue.marketing.segments.urls")),
    path("", include("dialogue.marketing.policy.urls")),
    path("", include("dialogue.marketing.campaigns.urls")),
    path("", include("dialogue.marketing.attribution.urls")),
    path("", include("dialogue.insight.reports.urls")),
]
handler403 = "dialogue.faces.office.views.forbidden"
handler404 = "dialogue.faces.office.views.not_found"
handler500 = "dialogue.faces.office.views.fault"
