"""`python -m cti`: the same as the `cti` command."""

from cti.cli import main

if __name__ == "__main__":
    main()
