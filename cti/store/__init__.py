"""What is kept: SQLAlchemy models, journal, history, directory, migrations."""

from cti.store.schema import upgrade

__all__ = ["upgrade"]
