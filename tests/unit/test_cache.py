"""The embedding cache: what is put in comes out, and the bounds hold."""

import numpy as np
import pytest

from tiksort_tui.cache import EmbeddingCache
from tiksort_tui.domain import FileStamp, MediaInfo, Transcript
from tiksort_tui.errors import LibraryError

INFO = MediaInfo(3.5, 144, 256, "h264", "aac")


@pytest.fixture
def cache(tmp_path):
    cache = EmbeddingCache(tmp_path / "cache.sqlite3", pictures_bound=1000)
    yield cache
    cache.close()


def test_a_clip_is_complete_when_every_encoder_has_spoken(cache):
    vector = np.linspace(-1, 1, 512, dtype=np.float32)
    said = Transcript("hello", "en", 0.9)
    cache.put("a", INFO, {"eye": vector, "ear": None}, {"whisper": said}, [])
    cache.put("b", INFO, {"eye": vector}, {}, [])
    assert cache.complete(["eye", "ear"]) == {"a"}
    assert cache.transcripts("whisper") == {"a": said}
    assert cache.transcripts("another") == {}
    assert (cache.info("a"), cache.info("unknown")) == (INFO, None)
    assert (cache.transcript("a"), cache.transcript("b")) == (said, None)
    vectors = cache.vectors("eye", ["a", "b", "unknown"])
    assert set(vectors) == {"a", "b"}
    np.testing.assert_allclose(vectors["a"], vector, atol=1e-3)
    assert cache.vectors("ear", ["a", "b"]) == {"a": None}


def test_more_clips_than_a_query_takes_parameters(cache):
    names = [str(i) for i in range(2001)]
    for name in names[:2001:400]:
        cache.put(name, INFO, {"eye": np.ones(4, np.float32)}, {}, [])
    assert set(cache.vectors("eye", names)) == set(names[:2001:400])


def test_failures_are_remembered_until_forgiven_or_mended(cache):
    cache.put_failure("a", "eye", "broken")
    cache.put_failure("b", "eye", "broken")
    assert cache.failures("eye") == {"a": "broken", "b": "broken"}
    assert cache.failures("another encoder") == {}
    cache.forgive(["a"])
    cache.put("b", INFO, {"eye": None}, {}, [])
    assert cache.failures("eye") == {}


def test_pictures_are_bounded_and_the_oldest_go(cache):
    for name in "abc":
        cache.put(name, INFO, {}, {}, [name.encode() * 100] * 4)
    assert cache.pictures("a") == []
    assert cache.pictures("c") == [b"c" * 100] * 4
    cache.put("c", INFO, {}, {}, [b"new"])
    assert cache.pictures("c") == [b"new"]
    assert cache.pictures("b") != []


def test_a_file_is_known_again_by_its_stamp(cache, tmp_path):
    stamp = FileStamp(2**64 - 1, 2**64 - 2, 10, -5)
    cache.remember_ids({stamp: "a"})
    other = EmbeddingCache(tmp_path / "cache.sqlite3")
    assert other.known_ids() == {stamp: "a"}
    assert (other.id_of(stamp), other.id_of(stamp._replace(size=11))) == ("a", None)
    other.close()


def test_a_file_that_is_no_cache_is_named(tmp_path):
    path = tmp_path / "cache.sqlite3"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(LibraryError, match=r"cache\.sqlite3"):
        EmbeddingCache(path)
