"""The pages of docs/reference, which are generated from the code: one module for each page."""
