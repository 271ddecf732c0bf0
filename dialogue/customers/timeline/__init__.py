"""The dialogue: touches (what we said) and responses (what came back), append-only, partitioned by year."""
