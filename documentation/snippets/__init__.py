"""The blocks of code of the documentation, what they need, and what runs them."""
