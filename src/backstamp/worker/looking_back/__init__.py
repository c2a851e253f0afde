"""While the worker runs: mail that arrived is looked through for what is known to be bad since."""
