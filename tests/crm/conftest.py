"""The databases of the store's tests."""

from tests.store.conftest import centre, database, empty_url, server, url

__all__ = ["centre", "database", "empty_url", "server", "url"]
