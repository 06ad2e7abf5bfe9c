"""The socket's door: authentication, and the commands about messages."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from django.conf import settings
from django.http import parse_cookie

from chat import shapes
from chat.addresses import line_of
from chat.live.node import ChatNode, running_node
from chat.middleware import caller
from chat.models import Door, Message, Scope, User
from chat.reads import opening
from chat.reads.logins import ChatLogin, is_visit
from chat.reads.opening import ChatOpening, Found
from chat.rights.scopes import require_scope, require_scope_to_delete
from chat.rights.standing import require_membership
from chat.rights.viewing import desk_seen_by
from chat.services import (
    Draft,
    add_reaction,
    choose_presence,
    delete_message,
    edit_message,
    pin_message,
    remove_reaction,
    unpin_message,
)
from delivery.consumers import SocketConsumer
from delivery.source import Committed, Reading
from delivery.wire import ids
from delivery.wire.codec import encode, given
from delivery.wire.commands import (
    AddPin,
    AddReaction,
    AnyCommand,
    Delete,
    Edit,
    Post,
    RemovePin,
    RemoveReaction,
    SayPresence,
    SayTyping,
    SayViewing,
)
from delivery.wire.errors import Refused, UnknownOp
from delivery.wire.frames import Ok, OwnPresence
from delivery.wire.types import Ref

T = TypeVar("T")
#: Commands that change one message.
OfMessage = Edit | Delete | AddReaction | RemoveReaction | AddPin | RemovePin
#: The beginning of a subprotocol that a visitor's browser offers beside the contract's: the rest is the visit's token.
VISIT_OFFER = "gapless.visit."
#: Commands that visitors may not send.
NOT_FOR_VISITORS = (AddReaction, RemoveReaction, AddPin, RemovePin, SayPresence)


class ChatConsumer(SocketConsumer):
    node: ChatNode
    login: ChatLogin

    def line(self) -> str:
        return line_of(self.address or "")

    async def running_node(self) -> ChatNode:
        return await running_node()

    async def authenticate(self) -> ChatOpening | None:
        """Accepts a program with a token and no cookie, or a browser with exactly one configured Origin and a visit or a session.

        A browser's socket can't send headers, so it offers a visit's token as a subprotocol, which wins over any cookie.
        """
        secrets = self._headers(b"authorization")
        if secrets:
            scheme, _, secret = secrets[0].partition(" ")
            is_program = len(secrets) == 1 and scheme.lower() == "bearer" and not self._headers(b"cookie")
            return await self._opened(opening.by_token, secret.strip()) if is_program else None
        origins = self._headers(b"origin")
        if len(origins) != 1 or origins[0] not in settings.ALLOWED_ORIGINS:
            return None
        visits = [offer for offer in self.scope.get("subprotocols", []) if offer.startswith(VISIT_OFFER)]
        if visits:
            return await self._opened(opening.by_visit, visits[0].removeprefix(VISIT_OFFER))
        session_key = self._session_key()
        return None if session_key is None else await self._opened(opening.by_session, session_key)

    async def _opened(self, reading: Callable[[str], Reading[Found | None]], secret: str) -> ChatOpening | None:
        found = await self.node.reads.read(reading, secret)
        if found is None:
            return None
        return found.opening() if found.is_brief else await self.node.threads.read(found.opening)

    def check_access(self, channel_id: int) -> None:
        require_membership(self.socket.user_id, channel=channel_id)

    def require_may_write(self) -> None:
        require_scope(self.login.scopes, Scope.WRITE, visitors_too=True)

    async def do(self, command: AnyCommand) -> None:
        require_scope(self.login.scopes, Scope.WRITE, visitors_too=not isinstance(command, NOT_FOR_VISITORS))
        match command:
            case Post():
                await self._post(command)
            case Edit():
                await self._change(edit_message, command, body=command.body)
            case Delete():
                await self._change(self._delete, command, reason=command.reason)
            case AddReaction():
                await self._change(add_reaction, command, emoji=command.emoji)
            case RemoveReaction():
                await self._change(remove_reaction, command, emoji=command.emoji)
            case AddPin():
                await self._change(pin_message, command)
            case RemovePin():
                await self._change(unpin_message, command)
            case SayTyping():
                await self.require_access(command.channel)
                self._say_typing(command)
            case SayViewing():
                await self._say_viewing(command)
            case SayPresence():
                await self._say_presence(command)
            case _:
                raise UnknownOp

    def do_at_once(self, command: AnyCommand) -> bool:
        match command:
            case SayPresence(status=msgspec.UNSET, activity=msgspec.UNSET):
                require_scope(self.login.scopes, Scope.WRITE)
                self._take_idle(command)
                self.confirm(command.ref, Ok(ref=given(command.ref)))
            case SayTyping() if command.channel in self.socket.accesses:
                require_scope(self.login.scopes, Scope.WRITE, visitors_too=True)
                self._say_typing(command)
            case _:
                return False
        return True

    def synced(self, channel_ids: Iterable[int], *, is_first: bool) -> None:
        if is_first:
            self.node.presence.arrived(self.socket, self.login.choice)
        self.node.presence.pushes.push_rosters(self.socket, channel_ids)

    def own_presence(self) -> OwnPresence | msgspec.UnsetType:
        return shapes.own_presence_of(self.login.choice)

    def own_blocks(self) -> list[int]:
        return self.node.blocking.blocked_by(self.socket.user_id)

    def seen(self, channel_id: int) -> None:
        """Typing, reading and looking count as work: they renew the lease of a support conversation that this agent holds."""
        if not is_visit(self.login):
            self.node.leases.note_work(channel_id, self.socket.user_id)

    async def _change(self, verb: Callable[..., Message], command: OfMessage, **fields: Any) -> None:
        row = await self._as_user(verb, channel=command.channel, message=command.message, **fields)
        self.confirm(command.ref, Ok(ref=given(command.ref), message=msgspec.Raw(encode(shapes.message_of(row)))))

    def _say_typing(self, command: SayTyping) -> None:
        thread_id, channel_id = command.thread or 0, command.channel
        self.node.presence.told_typing(
            self.socket, channel_id, is_on=command.on, thread_id=thread_id, is_uploading=command.uploading
        )
        if command.on:
            self.seen(channel_id)
        self.confirm(command.ref, Ok(ref=given(command.ref)))

    async def _say_viewing(self, command: SayViewing) -> None:
        await self.pay_for_rows()
        user_id = self.socket.user_id
        desk_id = await self.node.threads.read(desk_seen_by, user_id, conversation=command.channel)
        self.node.presence.viewing.told(user_id, command.channel, desk_id=desk_id, is_on=command.on)
        if command.on:
            self.seen(command.channel)
        self.confirm(command.ref, Ok(ref=given(command.ref)))

    async def _say_presence(self, command: SayPresence) -> None:
        self._take_idle(command)
        status = None if command.status is msgspec.UNSET else command.status
        activity = None if command.activity is msgspec.UNSET else command.activity
        choice = await self._as_user(choose_presence, status=status, activity=activity)
        self.node.presence.chosen(self.socket.user_id, choice)
        self.confirm(command.ref, Ok(ref=given(command.ref)))

    def _take_idle(self, command: SayPresence) -> None:
        if command.idle is not msgspec.UNSET:
            self.node.presence.told_idle(self.socket, is_idle=command.idle)

    async def _post(self, command: Post) -> None:
        draft = Draft(
            channel=command.channel,
            sender=self.socket.user_id,
            client_msg_id=ids.read_uuid(command.client_msg_id),
            body=command.body,
            reply_to=command.reply_to,
            thread=command.thread,
            also_in_channel=command.also_in_channel,
            seen_seq=command.seen_seq,
            files=tuple(command.files),
        )
        # The outcome is not awaited here, so that the socket's next frame may join the same batch.
        posted = await self.node.post(draft)
        posted.outcome.add_done_callback(lambda done: self._reply(command.ref, done))

    def _reply(self, ref: Ref | None, done: "asyncio.Future[Committed]") -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Refused):
            self.refuse(ref, error)
        elif isinstance(error, Exception):
            self.refuse(ref, self.translated(error))
        elif not done.cancelled():
            committed = done.result()
            self.confirm(ref, Ok(ref=given(ref), message=msgspec.Raw(committed.raw), duplicate=committed.duplicate))

    def _delete(self, user: User, *, channel: int, message: int, reason: str) -> Message:
        require_scope_to_delete(self.login.scopes, user.pk, channel=channel, message=message)
        return delete_message(user, channel=channel, message=message, reason=reason)

    async def _as_user(self, verb: Callable[..., T], **fields: Any) -> T:
        def work() -> T:
            with caller.with_origin(Door.SOCKET, self.address):
                return verb(User.objects.get(pk=self.socket.user_id), **fields)

        await self.pay_for_rows()
        return await self.node.threads.run(work)

    def _headers(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key.lower() == name]

    def _session_key(self) -> str | None:
        # Read like the pages read cookies: cookies of other applications on this host must not break the handshake.
        return parse_cookie("; ".join(self._headers(b"cookie"))).get(settings.SESSION_COOKIE_NAME)
