"""`python -m cti.setup [--tests] [--asterisk PATH]`."""

from cti.setup.cli import main

main(prog_name="python -m cti.setup")
