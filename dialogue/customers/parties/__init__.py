"""People and companies as one record: contact points, relations, characteristics, tags, phase."""
