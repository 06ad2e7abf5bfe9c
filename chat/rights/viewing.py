"""Who may say and hear that an agent looks at a support conversation: all agents of its inbox, members of it or not."""

from chat.models import Conversation, Member
from chat.rights.standing import require_membership
from delivery.wire.errors import Forbidden


def desk_seen_by(user_id: int, *, conversation: int) -> int:
    """The desk's channel, whose members are told. Raises NotAMember, NotFound, and Forbidden for a user who is no agent there."""
    desk = Conversation.objects.filter(pk=conversation).values_list("desk_id", flat=True).first()
    if desk is not None and Member.objects.filter(channel_id=desk, user_id=user_id).exists():
        return desk
    require_membership(user_id, channel=conversation)
    raise Forbidden("Only the inbox's agents can say that they look at a support conversation.")
