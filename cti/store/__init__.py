"""What is kept: SQLAlchemy models, journal, history, directory, migrations."""
