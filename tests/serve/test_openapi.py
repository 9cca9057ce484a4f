"""Whatever is asked, the service answers as its OpenAPI document says, and never fails."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import schemathesis
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.serving import serving
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

load_all_checks()
PATIENCE_S = 120


def _hum() -> bytes:
    """Make a tenth of a second of sound."""
    file = io.BytesIO()
    samples = 0.1 * np.sin(np.arange(1600) / 8)
    soundfile.write(file, samples, 16000, format="WAV")
    return file.getvalue()


schemathesis.openapi.format("binary", st.one_of(st.just(_hum()), st.binary(max_size=100)))
schemathesis.openapi.media_type(
    "application/octet-stream", st.one_of(st.just(_hum()), st.binary(max_size=100))
)


@pytest.fixture(scope="module")
def document(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serving(tmp_path_factory.mktemp("serve") / "log", "--models", tiny) as server:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def test_every_answer_is_as_documented(document: Any) -> None:
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == 6
    for operation in operations:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(timeout=PATIENCE_S)
            assert answer.status_code < 500
            case.validate_response(
                answer,
                checks=[
                    status_code_conformance,
                    content_type_conformance,
                    response_schema_conformance,
                ],
            )

        ask()


def test_every_refusal_is_documented_with_the_one_shape(document: Any) -> None:
    responses = document.raw_schema["paths"]["/v1/audio/diarization"]["post"]["responses"]
    shapes = {
        status: response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for status, response in responses.items()
        if status >= "400"
    }
    assert shapes == dict.fromkeys(
        ["400", "403", "404", "408", "413", "422", "503", "504"], "ErrorResponse"
    )


def test_every_operation_that_is_documented_as_secured_is(tiny: Path, tmp_path: Path) -> None:
    token = "a token of the test".replace(" ", "-")
    (tmp_path / "tokens").write_text(token)
    options = ("--models", tiny, "--token-file", tmp_path / "tokens")
    with serving(tmp_path / "log", *options) as server:
        document = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        operations: list[Any] = [found.ok() for found in document.get_all_operations()]  # type: ignore[union-attr]
        secured = {each.path: each for each in operations if each.definition.raw.get("security")}
        assert {*secured} == {"/v1/audio/diarization", "/v1/models", "/metrics"}
        for operation in secured.values():

            @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
            @given(operation.as_strategy())
            def ask(case: Any) -> None:
                headers = {"Authorization": f"Bearer {token}"}
                answer = case.call(headers=headers, timeout=PATIENCE_S)
                assert answer.status_code != 401
                case.validate_response(answer, checks=[ignored_auth, status_code_conformance])

            ask()
