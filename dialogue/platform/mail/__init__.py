"""The transport: building and signing letters, SMTP, and the local mailbox that keeps what must not leave the machine."""
