"""Forms of days and hours by language, where ours differ from Django's (`FORMAT_MODULE_PATH`)."""
