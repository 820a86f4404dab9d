"""The service intake: applications with 一证两书, household files, and the time line that a resident reads."""
