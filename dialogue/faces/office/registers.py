"""The office's own menu lines."""

from django.utils.translation import gettext_lazy as _

from dialogue.kit.menu import MenuItem, menu_items

menu_items.add("home", MenuItem(label=_("Today"), url_name="home", group="work", icon="today"), weight=1)
menu_items.add("jobs", MenuItem(label=_("Background jobs"), url_name="job_list", group="house", icon="jobs"), weight=950)
