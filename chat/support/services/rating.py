"""What customers say of the answers that they got: once an episode, when it is resolved."""

from django.db import transaction

from chat import clock
from chat.models import Conversation, ConversationState, User
from chat.services import check_body
from chat.support.models import Rating
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound

LEAST_SCORE, MOST_SCORE = 1, 5
#: Characters of Rating.comment.
COMMENT_CHARACTERS = 1000


def rate(visitor: User, *, conversation: int, score: int, comment: str = "") -> tuple[Rating, bool]:
    """Rates this episode; returns the rating, and whether it is new: a second rating replaces nothing and returns the first.

    Raises NotFound for another visitor's conversation, Forbidden if the inbox asks for no ratings, Conflict before it is resolved,
    Invalid.
    """
    if not LEAST_SCORE <= score <= MOST_SCORE:
        raise Invalid(f"A score is from {LEAST_SCORE} to {MOST_SCORE}.")
    comment = _checked(comment.strip())
    with transaction.atomic():
        row = rated_by(visitor, conversation)
        if not row.ticket.inbox.asks_rating:
            raise Forbidden("This inbox asks for no rating.")
        if row.state != ConversationState.RESOLVED:
            raise Conflict("It can be rated once it is resolved.")
        # Constraint ratings_once_an_episode: if two ratings come at once, the second finds the first.
        return Rating.objects.get_or_create(
            conversation=row,
            episode=row.episode,
            defaults={
                "score": score,
                "comment": comment,
                "agent_id": row.answered_by_id,
                "created_at": clock.now(),
            },
        )


def rated_by(visitor: User, conversation: int) -> Conversation:
    """The visitor's own conversation. Raises NotFound."""
    own = Conversation.objects.select_related("ticket__inbox").filter(pk=conversation, visitor=visitor).first()
    if own is None:
        raise NotFound
    return own


def is_asked(conversation: Conversation) -> bool:
    """Whether the customer can rate the conversation now."""
    if conversation.state != ConversationState.RESOLVED or not conversation.ticket.inbox.asks_rating:
        return False
    return not Rating.objects.filter(conversation=conversation, episode=conversation.episode).exists()


def _checked(comment: str) -> str:
    if len(comment) > COMMENT_CHARACTERS:
        raise Invalid(f"A comment has at most {COMMENT_CHARACTERS} characters.")
    return check_body(comment) if comment else ""
