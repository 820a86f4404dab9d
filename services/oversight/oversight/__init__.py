"""Oversight: is anything late, missing, wrong or hidden. Keeps every event in a tamper-evident log and raises clues."""
