from django.urls import path

from chat.api import channels, messages, users

urlpatterns = [
    path("channels/", channels.Channels.as_view()),
    path("channels/<int:pk>/", channels.OneChannel.as_view()),
    path("channels/<int:pk>/join/", channels.Join.as_view()),
    path("channels/<int:pk>/leave/", channels.Leave.as_view()),
    path("channels/<int:pk>/members/", channels.Members.as_view()),
    path("channels/<int:pk>/members/<int:user>/", channels.OneMember.as_view()),
    path("channels/<int:pk>/messages/", messages.Messages.as_view()),
    path("channels/<int:pk>/messages/<int:message>/", messages.OneMessage.as_view()),
    path("channels/<int:pk>/changes/", messages.Changes.as_view()),
    path("channels/<int:pk>/read/", messages.ReadUpTo.as_view()),
    path("users/me/", users.Me.as_view()),
    path("users/", users.Users.as_view()),
]
