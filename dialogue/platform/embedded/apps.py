from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "dialogue.platform.embedded"
    label = "embedded"
