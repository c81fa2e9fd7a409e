"""The bundled model, and a server that runs it, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.scorers.serving import CompletionsServer
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Small models are slowest on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def bundled() -> LanguageModel:
    return load_model()


@pytest.fixture
def server(bundled: LanguageModel) -> Iterator[CompletionsServer]:
    with CompletionsServer(bundled) as serving:
        yield serving
