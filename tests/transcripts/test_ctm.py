"""CTM: a line a word with its speaker, and transcripts as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from reference.transcripts import Said, conversations, openai_whisper, speech

from ovdiar import transcripts
from ovdiar.annotation import Annotation
from ovdiar.formats import stm
from ovdiar.words import assign_speakers

CTM = "call A 0.500 0.400 so 0.9\ncall A 1.900 0.100 {um} 0.5 fp\ncall A 2.500 0.100 it\n"
TALK = Annotation.of([(0, 1, "A"), (1, 3, "B")])


def test_words_keep_channel_and_confidence_and_get_a_speaker() -> None:
    assigned = assign_speakers(transcripts.parse(CTM), TALK)
    assert transcripts.dumps(assigned, "ctm") == (
        "call A 0.500 0.400 so 0.9 lex A\ncall A 2.500 0.100 it NA lex B\n"
    )


@pytest.mark.filterwarnings("ignore::ovdiar.errors.OvdiarWarning")
@given(segments=speech(), annotation=conversations())
def test_words_and_speakers_come_back(segments: list[list[Said]], annotation: Annotation) -> None:
    found = transcripts.from_document(openai_whisper(segments))
    text = transcripts.dumps(assign_speakers(found, annotation), "ctm")
    back = transcripts.parse(text)
    assert [word.text.strip() for word in back.words] == [w.text for s in segments for w in s]
    assert transcripts.dumps(assign_speakers(back, annotation), "ctm") == text


def test_lines_join_consecutive_words_of_a_speaker() -> None:
    document = {
        "segments": [
            {"start": 0.0, "end": 0.5, "text": " so"},
            {"start": 0.5, "end": 1.0, "text": " it\ngoes"},
            {"start": 1.5, "end": 2.0, "text": "on"},
            {"start": 9.0, "end": 9.5, "text": "far"},
        ]
    }
    with pytest.warns(match="1 of 5 words"):
        assigned = assign_speakers(transcripts.from_document(document), TALK)
    assert transcripts.dumps(assigned, "txt") == "A: so it goes\nB: on\nunknown: far\n"
    text = transcripts.dumps(assigned, "stm")
    assert text == (
        "<NA> 1 A 0.000 1.000 so it goes\n<NA> 1 B 1.500 2.000 on\n<NA> 1 unknown 9.000 9.500 far\n"
    )
    assert stm.loads(text)["<NA>"].labels() == ["A", "B", "unknown"]
