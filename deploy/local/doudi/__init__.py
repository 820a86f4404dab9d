"""The command line `doudi`, and the embedded deployment that runs the whole platform on one machine."""
