"""Short links: redirects, the pages visitors see, and the hosts they ask for."""
