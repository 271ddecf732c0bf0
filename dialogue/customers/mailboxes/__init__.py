"""What comes back by mail: mailboxes read by IMAP, undelivered letters, complaints, replies, automatic answers."""
