"""How the web server calls us: redirects first, which may be answered later."""
