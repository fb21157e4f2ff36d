"""Pure decisions: facts, candidates and policy in, verdicts with rule ids out. Never imports ``protocol``."""
