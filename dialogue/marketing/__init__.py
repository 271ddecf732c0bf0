"""Marketing: segments, contact policy, surveys and campaigns."""
