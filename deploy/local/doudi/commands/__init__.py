"""The commands of `doudi`, one module each."""
