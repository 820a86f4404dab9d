"""One department's own service: its referrals, its registers, its answers to verification."""
