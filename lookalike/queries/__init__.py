"""What a search asks for: examples of what is wanted and of what is not, with weights."""
