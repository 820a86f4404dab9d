"""What data-sharing keeps. The migrations hold the constraints, row-level security and append-only triggers."""
