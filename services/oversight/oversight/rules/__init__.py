"""Who decides in oversight: what the log's tree is, what proves it, how its head is signed, what is a clue.

Clauses 13.1.2 and 13.2.2. The tree is that of RFC 6962, proofs are checked as RFC 9162 (sections 2.1.3 and 2.1.4)
sets out, heads are C2SP tlog-checkpoints in signed notes.
"""
