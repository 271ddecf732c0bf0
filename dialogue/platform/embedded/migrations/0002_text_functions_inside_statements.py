"""Let PostgreSQL write the text functions into the statements that use them: a call costs ten times its work.

A STRICT function around CASE is always called. Of nothing these return nothing anyway.
"""

from typing import ClassVar

from django.db import migrations

FUNCTIONS = ("sort_key(text, text)", "search_fold(text)")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("embedded", "0001_text_functions")]
    operations: ClassVar = [
        migrations.RunSQL(
            [f"ALTER FUNCTION public.{function} CALLED ON NULL INPUT" for function in FUNCTIONS],
            [f"ALTER FUNCTION public.{function} STRICT" for function in FUNCTIONS],
        ),
    ]
