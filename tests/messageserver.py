"""The site's side of a conversation in messages: reads a question, writes the answer to it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from adapters.scripted_http import Peer, Script, reply

from cmclient.model.messages import Message, MessageId, ReceivedMessage
from cmclient.model.names import HostName
from cmclient.model.questions import LocationQuestion
from cmclient.protocol.envelope import build_message, parse_message
from cmclient.protocol.location_questions import parse_location_question
from cmclient.protocol.multipart import CONTENT_TYPE

OTHER_ID = MessageId("{99999999-9999-9999-9999-999999999999}")
_SENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Answer = Callable[[LocationQuestion], str]
"""Says what a site answers to a question, as XML."""


def received_of(raw: bytes) -> ReceivedMessage:
    """The message of a request as it came over a connection."""
    head, _, body = raw.partition(b"\r\n\r\n")
    found = re.search(rb"(?mi)^content-type: *([^\r\n]*)", head)
    assert found, head
    return parse_message(body, found[1].decode())


def question_of(received: ReceivedMessage) -> LocationQuestion:
    """What a message asks."""
    assert received.document is not None
    return parse_location_question(received.document)


def written(document: str, to: MessageId | None) -> bytes:
    """A message with a document, in answer to another one, as the body of a reply."""
    return build_message(
        Message(
            id=OTHER_ID,
            sent=_SENT,
            source_host="MP",
            target_host=HostName("pc1"),
            body=document,
            target_endpoint="LS_ReplyLocations",
            reply_mode="Reply",
            correlation=to,
        )
    )


def sent_back(body: bytes, content_type: str = CONTENT_TYPE) -> bytes:
    """A whole reply of a web server that holds a message."""
    return reply(body, "200 OK", f"Content-Type: {content_type}")


def answering(answer: Answer) -> Script:
    """Make a script that answers every question on a connection that is kept."""

    def script(peer: Peer) -> None:
        while raw := peer.read_request():
            received = received_of(raw)
            peer.send(sent_back(written(answer(question_of(received)), received.header.id)))

    return script
