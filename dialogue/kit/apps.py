from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "dialogue.kit"
    label = "kit"
