"""Version 1 of the API: the routers of the rooms, listed by hand."""

from __future__ import annotations

from ninja import NinjaAPI

from dialogue.customers.channels.api import router as channels
from dialogue.customers.parties.api import router as parties
from dialogue.customers.tasks.api import router as tasks
from dialogue.customers.timeline.api import router as timeline
from dialogue.platform.accounts.api import router as accounts
from dialogue.platform.files.api import router as files
from dialogue.platform.imports.api import router as imports
from dialogue.platform.lists.api import router as lists
from dialogue.platform.search.api import router as search
from dialogue.selling.deals.api import router as deals
from dialogue.selling.purchases.api import router as purchases

api = NinjaAPI(title="Dialogue", version="1")
for prefix, router in {
    "/parties": parties,
    "/deals": deals,
    "/purchases": purchases,
    "/tasks": tasks,
    "/timeline": timeline,
    "/messages": channels,
    "/imports": imports,
    "/lists": lists,
    "/search": search,
    "/files": files,
    "/company": accounts,
}.items():
    api.add_router(prefix, router)
