"""One row per programme, activity and impact, so that anything can say where it came from."""
