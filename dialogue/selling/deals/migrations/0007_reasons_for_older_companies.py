"""Companies that began before there were reasons of losing get the ones a new company begins with, in their language."""

from typing import Any, ClassVar

from django.db import migrations

REASONS = {
    "en": ("Too expensive", "Chose another supplier", "No need any more", "The time does not suit", "No answer"),
    "ru": ("Слишком дорого", "Выбрали другого поставщика", "Больше не нужно", "Не то время", "Нет ответа"),
    "uk": ("Надто дорого", "Обрали іншого постачальника", "Більше не потрібно", "Невдалий час", "Немає відповіді"),
    "ro": ("Prea scump", "A ales alt furnizor", "Nu mai este nevoie", "Nu este momentul potrivit", "Niciun răspuns"),
}
GIVE = (
    "INSERT INTO deals_lossreason (tenant_id, created_at, updated_at, name, position)"
    " SELECT t.id, now(), now(), r.name, r.position FROM tenants_tenant t"
    " CROSS JOIN unnest(%s::text[]) WITH ORDINALITY AS r(name, position)"
    " WHERE t.language = %s AND NOT EXISTS (SELECT 1 FROM deals_lossreason l WHERE l.tenant_id = t.id)"
)


def give_reasons(apps: Any, schema_editor: Any) -> None:
    """Write the reasons of companies that have none, not even one out of use."""
    with schema_editor.connection.cursor() as cursor:
        for language, names in REASONS.items():
            cursor.execute(GIVE, [list(names), language])


class Migration(migrations.Migration):
    """The reasons."""

    dependencies: ClassVar = [("deals", "0006_sum_budgets_from_the_index"), ("tenants", "0001_first")]
    operations: ClassVar = [migrations.RunPython(give_reasons, migrations.RunPython.noop)]
