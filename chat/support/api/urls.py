from django.urls import path

from chat.support.api import (
    acts,
    agents,
    blocks,
    canned,
    contacts,
    conversations,
    hours,
    inboxes,
    ratings_and_transcripts,
    reports,
    visits,
)

one = "conversations/<int:pk>/"

urlpatterns = [
    path("agents/me/", agents.OwnAgency.as_view()),
    path("inboxes/", inboxes.Inboxes.as_view()),
    path("inboxes/<int:pk>/", inboxes.OneInbox.as_view()),
    path("inboxes/<int:pk>/secret/", inboxes.Secret.as_view()),
    path("inboxes/<int:pk>/agents/", inboxes.Agents.as_view()),
    path("inboxes/<int:pk>/agents/<int:user>/", inboxes.OneAgent.as_view()),
    path("conversations/", conversations.Conversations.as_view()),
    path("conversations/counts/", conversations.ConversationCounts.as_view()),
    path(one, conversations.OneConversation.as_view()),
    path(one + "messages/", conversations.ConversationMessages.as_view()),
    path(one + "notes/", conversations.ConversationNotes.as_view()),
    path(one + "claim/", acts.Claim.as_view()),
    path(one + "release/", acts.Release.as_view()),
    path(one + "assign/", acts.Assign.as_view()),
    path(one + "take-over/", acts.TakeOver.as_view()),
    path(one + "answer/", acts.Answer.as_view()),
    path(one + "note/", acts.Note.as_view()),
    path(one + "snooze/", acts.Snooze.as_view()),
    path(one + "pending/", acts.Pending.as_view()),
    path(one + "resolve/", acts.Resolve.as_view()),
    path(one + "reopen/", acts.Reopen.as_view()),
    path(one + "rating/", ratings_and_transcripts.OwnRatings.as_view()),
    path(one + "transcript/", ratings_and_transcripts.Transcripts.as_view()),
    path("hours/", hours.AllHours.as_view()),
    path("hours/<int:pk>/", hours.OneHours.as_view()),
    path("inboxes/<int:pk>/policies/", hours.Policies.as_view()),
    path("reports/", reports.Reports.as_view()),
    path("visitors/<int:user>/", contacts.OneContact.as_view()),
    path("visitors/<int:user>/block/", blocks.Block.as_view()),
    path("canned/", canned.CannedAnswers.as_view()),
    path("canned/<int:pk>/", canned.OneCannedAnswer.as_view()),
    # Last, because a key may be any word.
    path("<str:key>/", visits.Doorstep.as_view()),
    path("<str:key>/visits/", visits.Visits.as_view()),
]
