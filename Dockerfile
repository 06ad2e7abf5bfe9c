# A non-root image. With DATABASE_URL and REDIS_URL it starts nothing of its own; without them, data is kept in /data.
# docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t gapless:1.0.0 .
FROM python:3.11.13-slim-bookworm
RUN useradd --no-log-init --create-home --uid 10001 gapless && install -d -o gapless -g gapless /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
# A web process that has to compile what it loads has 20 MB more for life.
RUN python -m compileall -q manage.py chatproject chat presence delivery
ARG COMMIT=""
ENV COMMIT=$COMMIT HOST=0.0.0.0 PORT=8000 GAPLESS_DATA=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "serve", "--migrate"]
