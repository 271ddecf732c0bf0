"""Addresses that every list shares."""

from django.urls import path

from dialogue.platform.lists.views import changing, exporting, keeping, reading

urlpatterns = [
    path("lists/<slug:name>/totals/", reading.totals, name="list_totals"),
    path("lists/<slug:name>/condition/", reading.condition, name="list_condition"),
    path("lists/<slug:name>/print/", reading.printed, name="list_print"),
    path("lists/<slug:name>/bulk/", changing.bulk_form, name="list_bulk"),
    path("lists/<slug:name>/bulk/run/", changing.bulk_run, name="list_bulk_run"),
    path("lists/<slug:name>/bulk/<int:pk>/undo/", changing.bulk_undo, name="list_bulk_undo"),
    path("lists/<slug:name>/columns/", keeping.columns_form, name="list_columns"),
    path("lists/<slug:name>/columns/keep/", keeping.keep_columns, name="list_columns_keep"),
    path("lists/<slug:name>/views/", keeping.keep_view, name="list_view_keep"),
    path("lists/views/<int:pk>/", keeping.open_view, name="list_view"),
    path("lists/views/<int:pk>/forget/", keeping.forget_view, name="list_view_forget"),
    path("lists/<slug:name>/export/", exporting.start_export, name="list_export"),
    path("lists/exports/<int:job>/", exporting.take_export, name="list_export_file"),
    path("lists/<slug:name>/<int:pk>/<str:field>/", changing.cell, name="list_cell"),
]
