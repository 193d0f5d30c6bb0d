"""Wrong tables, schemas, params and repository states: what is wrong, and what must come of it."""
