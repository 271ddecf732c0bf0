"""The addresses of tasks."""

from django.urls import path

from dialogue.customers.tasks import views

urlpatterns = [
    path("tasks/", views.task_day, name="task_day"),
    path("tasks/list/", views.task_list, name="task_list"),
    path("tasks/new/", views.task_new, name="task_new"),
    path("tasks/<int:pk>/", views.task_edit, name="task_edit"),
    path("tasks/<int:pk>/done/", views.task_done, name="task_done"),
]
