from django.urls import path

from chat.support.api import blocks, conversations, inboxes, visits

urlpatterns = [
    path("inboxes/", inboxes.Inboxes.as_view()),
    path("inboxes/<int:pk>/", inboxes.OneInbox.as_view()),
    path("inboxes/<int:pk>/secret/", inboxes.Secret.as_view()),
    path("inboxes/<int:pk>/agents/", inboxes.Agents.as_view()),
    path("inboxes/<int:pk>/agents/<int:user>/", inboxes.OneAgent.as_view()),
    path("conversations/", conversations.Conversations.as_view()),
    path("visitors/<int:user>/block/", blocks.Block.as_view()),
    # Last: a key is any word.
    path("<str:key>/", visits.Doorstep.as_view()),
    path("<str:key>/visits/", visits.Visits.as_view()),
]
