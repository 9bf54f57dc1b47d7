"""Tables as sources: which rows name which images, and what is known of them."""
