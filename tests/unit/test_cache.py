"""The embedding cache: what is put in comes out, and the bounds hold."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import numpy as np
import pytest

from tiksort_tui.cache import CacheDamaged, EmbeddingCache, set_cache_aside
from tiksort_tui.database import identity
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


def damage(path, how):
    """Make a whole cache at `path` unusable in one of the ways that files go bad."""
    whole = path.read_bytes()
    if how == "garbage":
        path.write_bytes(b"not a database" * 1000)
    elif how == "cut short":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "almost nothing":
        path.write_bytes(whole[:50])
    elif how == "another program's":
        path.unlink()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmarks(url TEXT)")
    else:
        with closing(sqlite3.connect(path)) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (how,)).fetchone()
        path.write_bytes(whole[: (page - 1) * 8192] + bytes(8192) + whole[page * 8192 :])


@contextmanager
def looked_through(path):
    with closing(EmbeddingCache(path)) as cache:
        cache.check()
        yield


def a_cache(path):
    with closing(EmbeddingCache(path)) as cache:
        cache.put("a", INFO, {"eye": np.ones(4, np.float32)}, {}, [b"picture"])
        cache.remember_ids({FileStamp(1, 2, 3, 4): "a"})


@pytest.mark.parametrize(
    "how", ["garbage", "cut short", "almost nothing", "another program's", "vectors", "pictures", "files"]
)
def test_a_damaged_file_is_known_kept_and_made_anew(tmp_path, how):
    path = tmp_path / "cache.sqlite3"
    a_cache(path)
    damage(path, how)
    bad = path.read_bytes()
    with pytest.raises(CacheDamaged, match=r"cache\.sqlite3: is damaged") as caught, looked_through(path):
        pytest.fail("the damage was not seen")
    kept = set_cache_aside(caught.value)
    assert re.fullmatch(r"cache\.sqlite3\.damaged-\d{8}T\d{6}", kept.name)
    assert kept.read_bytes() == bad
    a_cache(path)
    with closing(EmbeddingCache(path)) as cache:
        cache.check()
        assert set(cache.vectors("eye", ["a"])) == {"a"}


@pytest.mark.parametrize("blob", [b"\x00\x7c\x00\x00", b"odd"], ids=["infinite", "no whole numbers"])
def test_a_vector_that_is_none_is_damage(cache, tmp_path, blob):
    a_cache(tmp_path / "cache.sqlite3")
    with closing(sqlite3.connect(tmp_path / "cache.sqlite3")) as connection, connection:
        connection.execute("UPDATE vectors SET vector = ?", (blob,))
    with pytest.raises(CacheDamaged, match="a vector is none"):
        cache.vectors("eye", ["a"])


def test_a_cache_of_a_newer_program_is_left_alone(tmp_path):
    path = tmp_path / "cache.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match="newer") as caught:
        EmbeddingCache(path)
    assert not isinstance(caught.value, CacheDamaged)


def test_a_file_is_set_aside_once_though_many_processes_see_the_damage(tmp_path):
    path = tmp_path / "cache.sqlite3"
    a_cache(path)
    damage(path, "vectors")
    code = """if True:
        import sys
        from pathlib import Path
        from tiksort_tui.cache import CacheDamaged, EmbeddingCache, set_cache_aside
        from tiksort_tui.domain import MediaInfo
        path, name = Path(sys.argv[1]), sys.argv[2]
        try:
            cache = EmbeddingCache(path)
            print("ready", flush=True)
            sys.stdin.read()
            cache.check()
        except CacheDamaged as damage:
            cache.close()
            print(set_cache_aside(damage), flush=True)
        cache = EmbeddingCache(path)
        cache.check()
        cache.put(name, MediaInfo(1, 1, 1, "h264", None), {"eye": None}, {}, [])
        cache.close()
    """
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(i)], stdin=pipe, stdout=pipe, text=True)
        for i in range(6)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.close()
    said = [process.stdout.read().strip() for process in processes]
    for process in processes:
        process.stdout.close()
        assert process.wait(timeout=30) == 0
    (kept,) = [path for path in tmp_path.glob("*.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert sorted(said) == [str(kept)] + ["None"] * 5
    with closing(EmbeddingCache(path)) as cache:
        assert set(cache.vectors("eye", [str(i) for i in range(6)])) == {str(i) for i in range(6)}


def test_who_has_a_file_open_that_is_set_aside_does_no_harm_to_the_new_one(tmp_path):
    path = tmp_path / "cache.sqlite3"
    a_cache(path)
    reader = EmbeddingCache(path)
    reader.put("old", INFO, {}, {}, [])
    assert reader.is_current
    assert set_cache_aside(CacheDamaged(path, "for a test", identity(path)))
    assert not reader.is_current
    assert reader.info("a") == INFO
    with closing(EmbeddingCache(path)) as cache:
        a_cache(path)
        # The last one that has the old file would remove the log of the new one, if SQLite took it for its own.
        reader.close()
        cache.put("b", INFO, {}, {}, [])
        with closing(EmbeddingCache(path)) as other:
            assert (other.info("a"), other.info("b"), other.info("old")) == (INFO, INFO, None)
            other.check()
