"""What a person should know: mentions, finished jobs, assigned work."""
