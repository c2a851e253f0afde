"""What Granian's workers import: one application a module, built from the settings of the environment."""
