from django.urls import path

from chat.api import channels, messages, moderation, search, tokens, users

urlpatterns = [
    path("channels/", channels.Channels.as_view()),
    path("channels/<int:pk>/", channels.OneChannel.as_view()),
    path("channels/<int:pk>/join/", channels.Join.as_view()),
    path("channels/<int:pk>/leave/", channels.Leave.as_view()),
    path("channels/<int:pk>/membership/", channels.OwnMembership.as_view()),
    path("channels/<int:pk>/members/", channels.Members.as_view()),
    path("channels/<int:pk>/members/<int:user>/", channels.OneMember.as_view()),
    path("channels/<int:pk>/messages/", messages.Messages.as_view()),
    path("channels/<int:pk>/messages/<int:message>/", messages.OneMessage.as_view()),
    path("channels/<int:pk>/changes/", messages.Changes.as_view()),
    path("channels/<int:pk>/read/", messages.ReadUpTo.as_view()),
    path("reports/", moderation.Reports.as_view()),
    path("moderation/", moderation.Desk.as_view()),
    path("moderation/reports/", moderation.Queue.as_view()),
    path("moderation/reports/<int:pk>/", moderation.OneReport.as_view()),
    path("moderation/reports/close/", moderation.Closing.as_view()),
    path("moderation/messages/<int:pk>/", moderation.MessageHistory.as_view()),
    path("moderation/messages/delete/", moderation.Deletions.as_view()),
    path("moderation/members/remove/", moderation.Removals.as_view()),
    path("moderation/members/muted/", moderation.Mutes.as_view()),
    path("moderation/bans/", moderation.Bans.as_view()),
    path("moderation/bans/lift/", moderation.LiftedBans.as_view()),
    path("moderation/audit/", moderation.AuditLog.as_view()),
    path("search/", search.Search.as_view()),
    path("tokens/", tokens.Tokens.as_view()),
    path("tokens/<int:pk>/", tokens.OneToken.as_view()),
    path("users/me/", users.Me.as_view()),
    path("users/", users.Users.as_view()),
]
