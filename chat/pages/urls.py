from django.urls import path

from chat.pages import channels, doors, invitations, own

urlpatterns = [
    path("", channels.home, name="home"),
    path("c/<int:pk>/", channels.channel, name="channel"),
    path("c/<int:pk>/m/<int:seq>", channels.message, name="message"),
    path("c/<int:pk>/post/", channels.post_message, name="post_message"),
    path("sign-in/", doors.SignIn.as_view(), name="sign_in"),
    path("sign-up/", doors.sign_up, name="sign_up"),
    path("sign-out/", doors.SignOut.as_view(), name="sign_out"),
    path("password/", doors.change_password, name="password"),
    path("password/changed/", doors.password_changed, name="password_changed"),
    path("invitations/", own.invitations, name="invitations"),
    path("tokens/", own.tokens, name="tokens"),
    path("new-group/", own.new_group, name="new_group"),
    path("invite/<str:secret>/", invitations.invite, name="invite"),
    path("new-password/<str:secret>/", doors.new_password, name="new_password"),
    path("setup/<str:token>/", doors.set_up, name="setup"),
]
