# syntax=docker/dockerfile:1
# Debian 13's SQLite is 3.46. The version of Python is that of .python-version.
FROM python:3.11-slim-trixie AS build
WORKDIR /build
RUN python -m venv /opt/turso-ops
COPY requirements.txt .
RUN /opt/turso-ops/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY bot /opt/turso-ops/app/bot
COPY policy.example.yaml policy.example.tests.yaml .env.example LICENSE /opt/turso-ops/app/
# The root file system is read-only later, so modules are compiled now.
RUN /opt/turso-ops/bin/python -m compileall -q /opt/turso-ops/app/bot \
  && /opt/turso-ops/bin/pip uninstall --yes --quiet pip

FROM python:3.11-slim-trixie
COPY --from=build /opt/turso-ops /opt/turso-ops
# Everything that the bot writes is under /srv/data, which belongs to its user. Mount a volume there for a SQLite store.
RUN install -d -o 10001 -g 10001 -m 0700 /srv/data
ENV PATH=/opt/turso-ops/bin:$PATH \
    PYTHONPATH=/opt/turso-ops/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080
WORKDIR /srv
USER 10001:10001
EXPOSE 8080
# `socket` and `worker` need `--health-port 8080` for it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
  "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
CMD ["python", "-m", "bot", "serve"]
