import json
import shutil
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny_models import make_tiny_clip
from tiksort_tui.config import Config, EncoderConfig
from tiksort_tui.encoders import choose_encoders, clip, load_encoders, weights
from tiksort_tui.encoders.clip import ClipImageEncoder, ClipTextEncoder, load_clip
from tiksort_tui.errors import EncoderError


# No import at the top, which all of xdist's workers would wait for.
@pytest.fixture(scope="module")
def open_clip() -> ModuleType:
    return clip.import_open_clip()


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def encoders(tiny_clip: Path) -> tuple[ClipImageEncoder, ClipTextEncoder]:
    """In single precision whatever the CPU has, so that comparisons can be tight."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip, "_cpu_has_bf16", lambda: False)
        return load_clip(tiny_clip, "cpu")


@pytest.fixture(scope="module")
def image(encoders: tuple[ClipImageEncoder, ClipTextEncoder]) -> ClipImageEncoder:
    return encoders[0]


@pytest.fixture(scope="module")
def text(encoders: tuple[ClipImageEncoder, ClipTextEncoder]) -> ClipTextEncoder:
    return encoders[1]


def frames(count: int, height: int = 320, width: int = 180, seed: int = 0) -> np.ndarray:
    """Smooth pictures with some grain, as video frames are."""
    random = np.random.default_rng(seed)
    coarse = torch.from_numpy(random.random((count, 3, 6, 6)))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").permute(0, 2, 3, 1).numpy()
    return np.clip(smooth * 255 + random.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(1280, 720), (405, 720), (224, 224), (97, 60), (225, 1001)])
def test_prepare_agrees_with_open_clips_own_preprocessing(
    image: ClipImageEncoder, open_clip: ModuleType, size: tuple[int, int]
) -> None:
    picture = frames(1, *size)
    transform = open_clip.image_transform(224, is_train=False, mean=(0, 0, 0), std=(1, 1, 1))
    expected = transform(Image.fromarray(picture[0])) * 255
    prepared = image.prepare(picture)
    assert (prepared.shape, prepared.dtype) == ((1, 3, 224, 224), torch.uint8)
    assert (prepared[0] - expected).abs().max() < 1.5


def test_a_clip_is_the_mean_of_its_frames(image: ClipImageEncoder, open_clip: ModuleType, tiny_clip: Path) -> None:
    prepared = image.prepare(frames(5))
    reference = open_clip.create_model(f"local-dir:{tiny_clip}").eval()
    mean, std = (torch.tensor(getattr(open_clip, f"OPENAI_DATASET_{name}")).view(3, 1, 1) for name in ("MEAN", "STD"))
    with torch.no_grad():
        embeddings = reference.encode_image((prepared / 255 - mean) / std, normalize=True)
    expected = torch.nn.functional.normalize(embeddings.mean(dim=0), dim=0).numpy()
    vectors = image.encode([prepared])
    assert (vectors.shape, vectors.dtype) == ((1, 512), np.float32)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1)
    np.testing.assert_allclose(vectors[0], expected, atol=1e-5)


def test_clips_of_any_length_keep_to_themselves_in_a_batch(image: ClipImageEncoder) -> None:
    clips = [image.prepare(frames(count, seed=count)) for count in (1, 5, 90, 2)]
    together = image.encode(clips)
    alone = np.concatenate([image.encode([one]) for one in clips])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert (together @ together.T < 0.9995).sum() == 12  # all pairs differ
    assert image.encode([]).shape == (0, 512)


def test_a_short_text_is_encoded_as_open_clip_does(
    text: ClipTextEncoder, open_clip: ModuleType, tiny_clip: Path
) -> None:
    texts = ["a dog on a beach", "", "¿dónde está la biblioteca?"]
    reference = open_clip.create_model(f"local-dir:{tiny_clip}").eval()
    with torch.no_grad():
        expected = reference.encode_text(open_clip.SimpleTokenizer()(texts), normalize=True).numpy()
    np.testing.assert_allclose(text.encode(texts), expected, atol=1e-5)
    assert text.encode([]).shape == (0, 512)


def test_the_end_of_a_long_text_counts(text: ClipTextEncoder) -> None:
    speech = "we walked along the river and talked about the weather " * 30
    cats, dogs, again = text.encode([f"{speech} cats", f"{speech} dogs", f"{speech} cats"])
    assert cats @ again == pytest.approx(1, abs=1e-4)
    assert np.abs(cats - dogs).max() > 1e-3
    fits, spills = text.encode(["dog " * 75, "dog " * 76])
    assert np.linalg.norm(fits) == pytest.approx(1)
    assert np.linalg.norm(spills) == pytest.approx(1)


def test_half_precision_has_its_own_id_and_much_the_same_vectors(
    image: ClipImageEncoder, text: ClipTextEncoder, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "_cpu_has_bf16", lambda: True)
    half_image, half_text = load_clip(tiny_clip, "cpu")
    assert half_image.id == image.id.replace("fp32", "bf16") != image.id
    clips = [image.prepare(frames(5))]
    np.testing.assert_allclose(half_image.encode(clips), image.encode(clips), atol=3e-3)
    np.testing.assert_allclose(half_text.encode(["a dog"]), text.encode(["a dog"]), atol=3e-3)


def test_the_id_follows_content_not_the_place(
    image: ClipImageEncoder, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "_cpu_has_bf16", lambda: False)
    copy = shutil.copytree(tiny_clip, tmp_path / "copy")
    assert load_clip(copy, "cpu")[0].id == image.id
    config = json.loads((copy / "open_clip_config.json").read_text())
    config["preprocess_cfg"]["mean"] = [0.5, 0.5, 0.5]
    (copy / "open_clip_config.json").write_text(json.dumps(config))
    assert load_clip(copy, "cpu")[0].id != image.id


def test_the_weights_that_are_downloaded_are_open_clips_own_for_the_architecture(open_clip: ModuleType) -> None:
    source = open_clip.get_pretrained_cfg(clip.ARCHITECTURE, "openai")
    assert source["hf_hub"].rstrip("/") == weights.CLIP.repo
    assert source["quick_gelu"] == open_clip.get_model_config(clip.ARCHITECTURE)["quick_gelu"]


def test_a_quickgelu_mismatch_is_an_error(
    open_clip: ModuleType, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(*_: object, **__: object) -> None:
        warnings.warn("QuickGELU mismatch between final model config and pretrained tag", UserWarning, stacklevel=2)

    monkeypatch.setattr(open_clip, "create_model", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        with pytest.raises(EncoderError, match="QuickGELU mismatch"):
            load_clip(tiny_clip, "cpu")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("open_clip_model.safetensors", b"not weights", "cannot be loaded"),
        ("open_clip_config.json", b"not JSON", "not a configuration of open_clip"),
        ("open_clip_config.json", b'{"model_cfg": {"text_cfg": {"hf_model_name": "x"}}}', "only models like OpenAI"),
        (
            "open_clip_config.json",
            b'{"model_cfg": {"text_cfg": {}}, "preprocess_cfg": {"resize_mode": "squash"}}',
            "only models like OpenAI",
        ),
    ],
)
def test_a_damaged_or_foreign_folder_is_an_error_that_names_it(
    tiny_clip: Path, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    folder = shutil.copytree(tiny_clip, tmp_path / "broken")
    (folder / name).write_bytes(content)
    with pytest.raises(EncoderError, match=complaint) as caught:
        load_clip(folder, "cpu")
    assert str(folder) in str(caught.value)


def test_a_weights_file_of_another_model_is_an_error(tiny_clip: Path) -> None:
    with pytest.raises(EncoderError, match=r"open_clip_model\.safetensors cannot be loaded"):
        load_clip(tiny_clip / "open_clip_model.safetensors", "cpu")


def test_load_encoders_without_whisper_sees_images_alone(
    tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    config = Config(encoder=EncoderConfig(clip_weights=str(tiny_clip), device="cpu"))
    encoders = load_encoders(config, choose_encoders(config))
    assert [(modality.name, modality.dim) for modality in encoders.modalities] == [("visual", 512)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_an_error(tiny_clip: Path) -> None:
    config = Config(encoder=EncoderConfig(clip_weights=str(tiny_clip), device="cuda"))
    with pytest.raises(EncoderError, match=r'encoder\.device is "cuda"'):
        load_encoders(config, choose_encoders(config))
