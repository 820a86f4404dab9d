"""Who decides: pure functions over frozen values, one module for each use case."""
