"""The addresses of this room."""

from django.urls import path, register_converter

from dialogue.platform.imports import views


class Verb:
    """What can be done with an import by one button."""

    regex = "stop|resume|undo|drop"

    def to_python(self, value: str) -> str:
        """Return the verb."""
        return value

    def to_url(self, value: str) -> str:
        """Return the verb."""
        return value


register_converter(Verb, "import_verb")

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/new/", views.import_new, name="import_new"),
    path("imports/<int:pk>/", views.import_page, name="import"),
    path("imports/<int:pk>/read/", views.import_read, name="import_read"),
    path("imports/<int:pk>/map/", views.import_map, name="import_map"),
    path("imports/<int:pk>/outcome.csv", views.import_outcome, name="import_outcome"),
    path("imports/<int:pk>/<import_verb:verb>/", views.import_verb, name="import_verb"),
]
