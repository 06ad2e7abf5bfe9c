"""The verbs: the only writers. Each is one transaction that moves the channel's `head` under the row lock."""

from chat.services.arranging import arrange_channel, order_channels
from chat.services.bans import ban_user, lift_ban
from chat.services.blocks import block_user, unblock_user
from chat.services.channels import (
    archive_channel,
    open_channel,
    open_direct_channel,
    restore_channel,
    revise_channel,
)
from chat.services.credentials import change_password, recheck_logins, require_password
from chat.services.deactivating import deactivate_user, reactivate_user
from chat.services.drafts import Draft, check_body, check_draft
from chat.services.epochs import begin_epoch, read_log_position
from chat.services.erasing.beginning import begin_erasure
from chat.services.inspecting import inspect_channel
from chat.services.invites import accept_invite, create_invite, open_invite, revoke_invite, sign_up_by_invite
from chat.services.leases import keep_leases
from chat.services.members import (
    add_member,
    change_role,
    join_channel,
    join_first_channel,
    leave_channel,
    remove_member,
)
from chat.services.messages import Tagged, delete_message, edit_message, tag_of
from chat.services.password_links import make_password_link, use_password_link, whose_password_link
from chat.services.people import create_owner, create_user, is_sign_up_open, rename_user, sign_up
from chat.services.pins import pin_message, unpin_message
from chat.services.posting import PostQuestion, post_messages, question_of
from chat.services.presence import choose_presence, note_seen
from chat.services.reactions import add_reaction, remove_reaction
from chat.services.receipts import move_cursors, read_channel
from chat.services.reports import close_report, report_message
from chat.services.retention import keep_channel
from chat.services.sanctions import mute_member, readmit_member
from chat.services.saving import forget_saved, save_message
from chat.services.signing_in import check_sign_in, note_sign_in
from chat.services.staff import change_staff_roles, make_groups
from chat.services.threads import follow_thread
from chat.services.tokens import create_token, delete_token, needs_password, new_token, note_use
from chat.services.visitors import create_visitor
