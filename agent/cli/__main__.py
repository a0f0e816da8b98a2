"""`python -m agent.cli` is `consilium`."""

from agent.cli import main

main()
