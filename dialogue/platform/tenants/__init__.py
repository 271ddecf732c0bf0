"""The companies that use the product (tenants): their login, language, country, currency, time zone and settings."""
