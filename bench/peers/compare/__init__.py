"""The comparison: who takes part, who is asked when, and what comes out. Standard library only."""
