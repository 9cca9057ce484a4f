"""Texts are cut into words without losing a character, and where the words are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.transcripts.text import join_texts, split_at_blanks, split_at_words

TEXTS = st.text(max_size=60) | st.text(st.sampled_from("ab .,<>\n你か"), max_size=60)

SAID = ["He", " said:", ' "No"', " (twice)."]


@given(text=TEXTS)
def test_split_texts_are_whole(text: str) -> None:
    assert "".join(split_at_blanks(text)) == text


@given(text=TEXTS, words=st.lists(TEXTS, min_size=1, max_size=8))
def test_cut_texts_are_whole_whatever_the_words(text: str, words: list[str]) -> None:
    pieces = split_at_words(text, words)
    assert len(pieces) == len(words)
    assert "".join(pieces) == text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("  ", ["  "]),
        (" so it\tgoes \n", [" so", " it", "\tgoes \n"]),
        ("你好。再见", ["你", "好。", "再", "见"]),
        ("すし、please, x", ["す", "し、", "please,", " x"]),
        ("안녕 하세요", ["안녕", " 하세요"]),
        ("<i>so it</i> <v Ann Bee>goes", ["<i>so", " it</i>", " <v Ann Bee>goes"]),
        ("a <b and <c d>", ["a", " <b", " and", " <c d>"]),
    ],
)
def test_texts_are_split_at_blanks_and_between_han(text: str, pieces: list[str]) -> None:
    assert split_at_blanks(text) == pieces


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        (" so it", [" so", " it"], [" so", " it"]),
        (" So, it goes.", ["so", "it", "goes"], [" So,", " it", " goes."]),
        ('He said: "No" (twice).', ["he", "said", "no", "twice"], SAID),
        ("It's 5.", ["it's", "5"], ["It's", " 5."]),
        ("a b a b a", ["a", "b", "a", "b", "a"], ["a", " b", " a", " b", " a"]),
        ("Straße dort", ["STRASSE", "dort"], ["Straße", " dort"]),
        ("well-known fact", ["well", "known", "fact"], ["well-", "known", " fact"]),
        ("one twenty two", ["one", "22", "two"], ["one", " twenty", " two"]),
        ("a $5 b", ["a", "five", "b"], ["a", " $5", " b"]),
        ("one two", ["one", "two", "three"], ["one", " two", ""]),
        ("one two", ["zero", "one", "two"], ["", "one", " two"]),
        ("one two", ["one"], ["one two"]),
        ("cannot. so", ["can", "not", "so"], ["can", "not.", " so"]),
        ("one twenty three two", ["one", "22", "3", "two"], ["one", " twenty", " three", " two"]),
        ("abcdef gh", ["abc", "x", "y", "gh"], ["", "", "abcdef", " gh"]),
        ("one", ["♪", "one", "♪"], ["", "one", ""]),
    ],
)
def test_words_are_found_whatever_their_case_and_marks(
    text: str, words: list[str], pieces: list[str]
) -> None:
    assert split_at_words(text, words) == pieces


def test_what_the_words_lack_is_passed_over() -> None:
    missing = " ".join(f"lost{n}" for n in range(100))
    words = ["so", "it", "goes", "and", "goes", "on"]
    pieces = split_at_words(f"so it goes {missing} and goes on", words)
    assert pieces == ["so", " it", f" goes {missing}", " and", " goes", " on"]


def test_a_long_text_is_cut_in_time() -> None:
    words = [f"w{n % 977}" for n in range(60_000)]
    text = " ".join(word.upper() for word in words)
    assert [piece.strip().lower() for piece in split_at_words(text, words)] == words


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("so", "it", "so it"),
        ("so ", " it", "so it"),
        ("", "it", "it"),
        ("so", "", "so"),
        ("你好。", "再见", "你好。再见"),
        ("你", "x", "你x"),
    ],
)
def test_texts_are_joined_as_their_script_does(left: str, right: str, whole: str) -> None:
    assert join_texts(left, right) == whole
