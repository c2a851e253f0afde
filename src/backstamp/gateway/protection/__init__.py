"""protection: received mail, judged and rewritten by the policy of each recipient's domain."""
