"""What is sold: products with their codes and categories."""
