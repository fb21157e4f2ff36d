"""Find the Configuration Manager site systems that a client would use, and say why."""
