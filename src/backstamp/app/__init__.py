"""app: the composition root: settings, command line, supervisor, and what joins the roles."""
