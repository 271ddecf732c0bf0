"""What brought a purchase or a deal: attributed to a campaign and a message by one stated rule, and explained in words."""
