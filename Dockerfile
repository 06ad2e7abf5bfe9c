# A non-root image. With DATABASE_URL and REDIS_URL it starts nothing of its own; without them, data is kept in /data.
FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 gapless && mkdir /data && chown gapless /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=gapless . .
USER gapless
# docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD)
ARG COMMIT
ENV COMMIT=$COMMIT
ENV HOST=0.0.0.0 PORT=8000 GAPLESS_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz')"]
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "serve", "--migrate"]
