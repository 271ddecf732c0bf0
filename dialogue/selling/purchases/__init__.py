"""Who bought what and when, imported or ordered."""
