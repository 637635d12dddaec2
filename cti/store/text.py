"""Text from outside made fit for every database: PostgreSQL takes no NUL, and UTF-8 no lone surrogate. Pure."""


def storable(text: str) -> str:
    """The text without NUL, and `?` for what UTF-8 cannot hold."""
    return text.replace("\0", "").encode(errors="replace").decode()
