"""What is to be done, by whom and when; the next step of a deal or a customer."""
