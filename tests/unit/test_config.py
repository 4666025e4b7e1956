"""The configuration: its example is true, and every mistake is named."""

import platformdirs
import pytest

from tiksort_tui.config import Config, load_config, with_overrides
from tiksort_tui.errors import ConfigError


def test_the_example_holds_every_key_with_its_default(pytestconfig):
    import dataclasses
    import tomllib

    path = pytestconfig.rootpath / "config.example.toml"
    document = tomllib.loads(path.read_text())
    assert load_config(path) == Config()
    assert {section: set(keys) for section, keys in document.items()} == {
        section: set(keys) for section, keys in dataclasses.asdict(Config()).items()
    }


def test_a_missing_default_file_means_the_defaults(monkeypatch, tmp_path):
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name: tmp_path / name)
    assert load_config() == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[encoder]\nkinds = 'clip'", ["encoder.kinds", "encoder.kind'"]),
        ("[encodr]\nkind = 'clip'", ["encodr", "'encoder'"]),
        ("[encoder]\nkind = 'clop'", ["encoder.kind", "'clop'", "'builtin'"]),
        ("[prediction]\ntop_k = 'three'", ["prediction.top_k", "whole number"]),
        ("[prediction]\ntop_k = true", ["prediction.top_k", "whole number"]),
        ("[prediction]\nprecision = 2", ["prediction.precision", "between 0.5 and 0.999"]),
        ("[prediction]\ndescriptions = 3", ["prediction.descriptions", "table"]),
        ("[prediction.descriptions]\ncooking = 3", ["prediction.descriptions.cooking", "string"]),
        ("[library]\nextensions = 'mp4'", ["library.extensions", "list"]),
        ("encoder = 3", ["encoder", "table"]),
        ("[encoder", ["TOML"]),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path, text, words):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"no such configuration file"):
        load_config(tmp_path / "none.toml")


def test_overrides_leave_alone_what_was_not_given():
    config = with_overrides(Config(), encoder__kind="builtin", prediction__top_k=None)
    assert (config.encoder.kind, config.prediction.top_k) == ("builtin", 3)
