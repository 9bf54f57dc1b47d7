# Targets: producer (commands and ingest), flower, api (the query service), worker, worker-gpu (not yet run on a GPU).
#   docker build --target api --build-arg MODEL=resnet50 --tag lookalike-api:0.1.0 .
# MODEL is built into the image. With an empty MODEL, mount a folder made by `lookalike model build` as
# /var/lib/lookalike/models and name the model in LOOKALIKE_MODEL.
# Each target installs one extra from a lock of its own: docs/decisions/0005-extras-instead-of-exclusion-lists.md.
# Renew the digest with the tag: docker buildx imagetools inspect python:3.12-slim
ARG BASE=python:3.12-slim@sha256:57cd7c3a7a273101a6485ba99423ee568157882804b1124b4dd04266317710de

FROM scratch AS source
COPY pyproject.toml README.md LICENSE ./
COPY lookalike lookalike
COPY producer producer
COPY worker worker
COPY api api
COPY evaluation evaluation
COPY cli cli

FROM ${BASE} AS build
ARG PIP_CERT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/lookalike/bin:$PATH
WORKDIR /src
RUN python3 -m venv /opt/lookalike

FROM build AS build-producer
COPY requirements-producer.lock ./
RUN pip install --require-hashes -r requirements-producer.lock
COPY --from=source / ./
RUN pip install --no-deps --no-build-isolation . && pip uninstall --yes pip

FROM build AS build-flower
COPY requirements-flower.lock ./
RUN pip install --require-hashes -r requirements-flower.lock
COPY --from=source / ./
RUN pip install --no-deps --no-build-isolation . && pip uninstall --yes pip

FROM build AS build-api
COPY requirements-api.lock ./
RUN pip install --require-hashes -r requirements-api.lock
COPY --from=source / ./
RUN pip install --no-deps --no-build-isolation . && pip uninstall --yes pip

FROM build AS build-worker
COPY requirements-worker.lock ./
RUN pip install --require-hashes -r requirements-worker.lock
COPY --from=source / ./
RUN pip install --no-deps --no-build-isolation . && pip uninstall --yes pip

FROM build AS build-worker-gpu
COPY requirements-gpu.lock ./
RUN pip install --require-hashes -r requirements-gpu.lock
COPY --from=source / ./
RUN pip install --no-deps --no-build-isolation . && pip uninstall --yes pip

FROM build-worker AS model
ARG MODEL=resnet50
ENV LOOKALIKE_HOME=/var/lib/lookalike KERAS_HOME=/var/lib/keras
RUN mkdir -p /var/lib/lookalike/models /var/lib/keras \
    && if [ -n "${MODEL}" ]; then lookalike model build "${MODEL}"; fi

FROM ${BASE} AS runtime
LABEL org.opencontainers.image.title="lookalike" \
      org.opencontainers.image.description="Bulk image-similarity ingestion and search" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 lookalike && useradd --uid 10001 --gid 10001 --no-create-home lookalike \
    && mkdir -p /var/lib/lookalike/models && chown -R 10001:10001 /var/lib/lookalike
ENV PATH=/opt/lookalike/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOOKALIKE_HOME=/var/lib/lookalike \
    LOOKALIKE_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/lookalike
ENTRYPOINT ["lookalike"]

FROM runtime AS producer
COPY --from=build-producer /opt/lookalike /opt/lookalike
CMD ["--help"]

FROM runtime AS flower
COPY --from=build-flower /opt/lookalike /opt/lookalike
EXPOSE 5555
CMD ["flower", "--host", "0.0.0.0", "--port", "5555"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5555/healthcheck', timeout=5)"]

FROM runtime AS api
ARG MODEL=resnet50
ENV LOOKALIKE_MODEL=${MODEL}
COPY --from=build-api /opt/lookalike /opt/lookalike
COPY --from=model --chown=10001:10001 /var/lib/lookalike /var/lib/lookalike
EXPOSE 8000
# Without LOOKALIKE_API_KEY the service refuses to listen on 0.0.0.0.
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=5)"]

# Not yet run on a GPU. JAX runs the Keras model, so the image holds the weights as well.
FROM runtime AS worker-gpu
ARG MODEL=resnet50
ENV LOOKALIKE_MODEL=${MODEL} \
    KERAS_HOME=/var/lib/keras
COPY --from=build-worker-gpu /opt/lookalike /opt/lookalike
COPY --from=model --chown=10001:10001 /var/lib/lookalike /var/lib/lookalike
COPY --from=model --chown=10001:10001 /var/lib/keras /var/lib/keras
CMD ["worker"]
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s CMD ["lookalike", "doctor", "--worker"]

FROM runtime AS worker
ARG MODEL=resnet50
# On SIGTERM, running chunks get a minute to finish, then return to the queue.
ENV LOOKALIKE_MODEL=${MODEL}
COPY --from=build-worker /opt/lookalike /opt/lookalike
COPY --from=model --chown=10001:10001 /var/lib/lookalike /var/lib/lookalike
CMD ["worker"]
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s CMD ["lookalike", "doctor", "--worker"]
