"""Faces: where people and machines meet the product — office, storefront, API, tracker and command line. They mount urls; no rules, no models."""
