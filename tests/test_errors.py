"""Every error is ovdiar's own and also the builtin that a caller would guess."""

from __future__ import annotations

import inspect

import pytest

from ovdiar import errors

BUILTINS = {
    errors.AudioError: ValueError,
    errors.AudioNotFoundError: FileNotFoundError,
    errors.ModelError: ValueError,
    errors.ModelNotFoundError: FileNotFoundError,
    errors.DownloadError: ConnectionError,
    errors.ConfigError: ValueError,
    errors.MissingPackageError: ImportError,
    errors.CancelledError: InterruptedError,
    errors.EnrolmentError: ValueError,
    errors.FormatError: ValueError,
    errors.OutOfMemoryError: MemoryError,
    errors.OutputError: OSError,
}


@pytest.mark.parametrize(("error", "builtin"), BUILTINS.items())
def test_an_error_is_ours_and_the_builtin(
    error: type[errors.OvdiarError], builtin: type[Exception]
) -> None:
    assert issubclass(error, errors.OvdiarError)
    assert issubclass(error, builtin)


def test_no_error_is_left_out_of_this_list() -> None:
    classes = {value for value in vars(errors).values() if inspect.isclass(value)}
    assert classes == {*BUILTINS, errors.OvdiarError, errors.OvdiarWarning}


@pytest.mark.parametrize("error", BUILTINS)
def test_a_message_reads_as_it_was_written(error: type[errors.OvdiarError]) -> None:
    message = "bundle 'tiny' is not in /models: make it with ovdiar-export tiny"
    assert str(error(message)) == message


def test_a_warning_is_filtered_like_any_of_the_users() -> None:
    assert issubclass(errors.OvdiarWarning, UserWarning)
