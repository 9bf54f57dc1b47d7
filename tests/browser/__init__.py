"""The page in a real browser, before a real service with drawn pictures."""
