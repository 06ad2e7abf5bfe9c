"""The customer's rating of a conversation, and its transcript."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.users import caller, checked
from chat.support.api.inputs import RatingInput, TranscriptInput
from chat.support.models import Rating
from chat.support.services.rating import is_asked, rate, rated_by
from chat.support.services.transcripts import transcript
from chat.support.shapes.rating import OwnRating, own_rating_of
from chat.support.shapes.transcript import Transcript


class OwnRatings(APIView):
    for_visitors = frozenset({"GET", "POST"})

    @documented(OwnRating)
    def get(self, request: Request, pk: int) -> Response:
        """Says whether the customer may rate this episode, and returns the rating that they gave."""
        row = rated_by(caller(request), pk)
        given = Rating.objects.filter(conversation=row, episode=row.episode).first()
        return Response(own_rating_of(given, asked=is_asked(row)))

    @documented(
        {201: OwnRating, 200: OwnRating},
        takes=RatingInput(score=5, comment="Quick!"),
        refuses=[409],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Rates a resolved episode: 201. A second rating replaces nothing: 200 with the first."""
        given = checked(RatingInput, request)
        row, is_new = rate(caller(request), conversation=pk, score=given.score, comment=given.comment)
        return Response(own_rating_of(row, asked=False), status=201 if is_new else 200)


class Transcripts(APIView):
    for_visitors = frozenset({"POST"})

    @documented(Transcript, takes=TranscriptInput(mail=True))
    def post(self, request: Request, pk: int) -> Response:
        """Returns the conversation as text, to its customer and to readers; with `mail` the customer gets it by mail too."""
        text, mailed_to = transcript(caller(request), conversation=pk, mails=checked(TranscriptInput, request).mail)
        return Response(Transcript(text=text, mailed_to=mailed_to))
