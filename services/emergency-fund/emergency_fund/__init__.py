"""The street reserves: may this street pay this, now."""
