"""The text of a waiting mail at the moment of sending, or the reason why it is no longer needed."""

from chat.models import ConversationState, Member, Message, MessageKind
from chat.support.letters.outgoing import agent_text, answers_text, transcript_text
from chat.support.models import Agent, Mail, MailKind
from chat.support.services.mailing import unread_answers


class Needless(Exception):
    """The mail is no longer needed; the text is the reason."""


def text_of(mail: Mail) -> str:
    """The text of the mail. Raises Needless."""
    if mail.kind == MailKind.ANSWERS:
        return _answers(mail)
    if mail.kind == MailKind.TRANSCRIPT:
        return transcript_text(transcript_rows(mail.conversation_id, up_to=mail.number))
    _require_waiting(mail)
    return agent_text(mail, mail.conversation.visitor.get_full_name())


def transcript_rows(conversation: int, *, up_to: int) -> list[Message]:
    """The messages of the customer's log. Notes are in another log."""
    said = Message.objects.filter(channel=conversation, kind=MessageKind.TEXT, seq__lte=up_to)
    return list(said.order_by("seq").for_the_wire())


def _answers(mail: Mail) -> str:
    earlier = Mail.objects.filter(conversation=mail.conversation_id, kind=MailKind.ANSWERS, number__lt=mail.number)
    after = earlier.order_by("-number").values_list("number", flat=True).first() or 0
    rows = unread_answers(mail.conversation, after=after).filter(seq__lte=mail.number)
    if not rows:
        raise Needless("Read meanwhile.")
    return answers_text(mail.conversation.ticket.inbox, list(rows))


def _require_waiting(mail: Mail) -> None:
    conversation = mail.conversation
    # The mail may have waited for the next opening, or for the mail server: a former agent must learn nothing.
    if not Agent.objects.filter(inbox__desk=conversation.desk_id, user=mail.agent_id, user__is_active=True).exists():
        raise Needless("They are no agent of the inbox any more.")
    if conversation.waiting_since is None or conversation.state != ConversationState.OPEN:
        raise Needless("Nobody waits any more.")
    if mail.kind == MailKind.NEW and conversation.assignee_id is not None:
        raise Needless("Somebody has it.")
    if mail.kind == MailKind.ASSIGNED and conversation.assignee_id != mail.agent_id:
        raise Needless("Somebody else has it.")
    seen = Member.objects.filter(channel=mail.conversation.pk, user=mail.agent_id, read_seq__gte=_last_said(mail))
    if seen.exists():
        raise Needless("Seen meanwhile.")


def _last_said(mail: Mail) -> int:
    said = Message.objects.filter(channel=mail.conversation_id, sender=mail.conversation.visitor_id)
    return said.order_by("-seq").values_list("seq", flat=True).first() or 0
