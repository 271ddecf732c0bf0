"""Version 1 of the API: the routers of the rooms, listed by hand."""

from __future__ import annotations

from dialogue.customers.channels.api import router as channels
from dialogue.customers.channels.api_mailings import router as mailings
from dialogue.customers.mailboxes.api import incoming_router
from dialogue.customers.mailboxes.api import router as mailboxes
from dialogue.customers.parties.api import router as parties
from dialogue.customers.tasks.api import router as tasks
from dialogue.customers.timeline.api import responses_router, touches_router
from dialogue.customers.timeline.api import router as timeline
from dialogue.faces.api.schema import ABOUT, DialogueAPI, KeyAuth
from dialogue.insight.reports.api import router as reports
from dialogue.kit.api.handlers import install_problems
from dialogue.marketing.attribution.api import router as attribution
from dialogue.marketing.campaigns.api import router as campaigns
from dialogue.marketing.campaigns.api_past import router as past_campaigns
from dialogue.marketing.policy.api import router as policy
from dialogue.marketing.segments.api import router as segments
from dialogue.platform.accounts.api import company_router, members_router
from dialogue.platform.accounts.rights_api import keys_router, roles_router, teams_router
from dialogue.platform.audit.api import router as jobs
from dialogue.platform.audit.records_api import bin_router, history
from dialogue.platform.criteria.api import router as fields
from dialogue.platform.files.api import router as files
from dialogue.platform.imports.api import router as imports
from dialogue.platform.lists.api import router as lists
from dialogue.platform.mail.api import router as senders
from dialogue.platform.notices.api import router as notices
from dialogue.platform.rates.api import router as rates
from dialogue.platform.search.api import router as search
from dialogue.selling.deals.api import router as deals
from dialogue.selling.deals.pipelines_api import loss_reasons_router as loss_reasons
from dialogue.selling.deals.pipelines_api import pipelines_router as pipelines
from dialogue.selling.deals.pipelines_api import stages_router as stages
from dialogue.selling.promotions.api import router as coupons
from dialogue.selling.purchases.api import router as purchases

api = DialogueAPI(
    title="Dialogue",
    version="1",
    description=ABOUT,
    auth=KeyAuth(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api-1",
)
install_problems(api)
for prefix, router in {
    "/parties": parties,
    "/deals": deals,
    "/pipelines": pipelines,
    "/stages": stages,
    "/loss-reasons": loss_reasons,
    "/purchases": purchases,
    "/coupons": coupons,
    "/attribution": attribution,
    "/segments": segments,
    "/policy": policy,
    "/campaigns": campaigns,
    "/past-campaigns": past_campaigns,
    "/reports": reports,
    "/tasks": tasks,
    "/timeline": timeline,
    "/touches": touches_router,
    "/responses": responses_router,
    "/messages": channels,
    "/mailings": mailings,
    "/senders": senders,
    "/mailboxes": mailboxes,
    "/incoming": incoming_router,
    "/imports": imports,
    "/jobs": jobs,
    "/lists": lists,
    "/search": search,
    "/files": files,
    "/rates": rates,
    "/history": history,
    "/bin": bin_router,
    "/notices": notices,
    "/company": company_router,
    "/members": members_router,
    "/teams": teams_router,
    "/roles": roles_router,
    "/keys": keys_router,
    "/fields": fields,
}.items():
    api.add_router(prefix, router)
urlpatterns = api.urls[0]
