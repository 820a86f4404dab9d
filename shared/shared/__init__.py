"""The library that every service uses. It names no service's noun, except the event contracts in `shared.events`."""
