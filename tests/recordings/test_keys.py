"""Keys of recordings: wrapped for one recording, by whichever of the home's keys is the newest."""

import pytest

from cti.errors import OutsideError
from cti.home import RecordingKey
from cti.recordings.keys import Keyring, Wrapped, new_key

OLD, NEW = RecordingKey.make(), RecordingKey.make()


def test_a_new_key_of_the_home_leaves_the_old_recordings_open() -> None:
    key = new_key()
    wrapped = Keyring([OLD]).wrap(key, "c1-a")
    both = Keyring([OLD, NEW])
    assert both.unwrap(wrapped, "c1-a") == key
    again = both.wrap(key, "c1-a")
    assert (wrapped.key_id, again.key_id) == (OLD.id, NEW.id)
    assert Keyring([NEW]).unwrap(again, "c1-a") == key


def test_a_key_that_is_gone_or_does_not_fit_is_a_sentence_with_the_next_step() -> None:
    wrapped = Keyring([OLD]).wrap(new_key(), "c1-a")
    with pytest.raises(OutsideError, match=r"restore it from a backup"):
        Keyring([NEW]).unwrap(wrapped, "c1-a")
    with pytest.raises(OutsideError, match=r"secrets\.json"):
        Keyring([OLD]).unwrap(wrapped, "c1-b")
    with pytest.raises(OutsideError, match=r"secrets\.json"):
        Keyring([OLD]).unwrap(Wrapped(key_id=OLD.id, text=""), "c1-a")
    with pytest.raises(OutsideError):
        Keyring([]).wrap(new_key(), "c1-a")
