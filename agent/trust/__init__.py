"""Who may see what, how it is kept, and the record of both: keys, vault, accounts, policy, audit."""
