# One image for worker, producer, query service and Flower; the model is baked in, so that a container starts at once.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
ARG MODEL=resnet50
ARG PIP_CERT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/lookalike && /opt/lookalike/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY lookalike lookalike
COPY producer producer
COPY worker worker
COPY api api
COPY evaluation evaluation
COPY cli cli
RUN /opt/lookalike/bin/pip install --no-deps --no-build-isolation .
RUN LOOKALIKE_HOME=/var/lib/lookalike /opt/lookalike/bin/lookalike model build ${MODEL}

FROM ${BASE}
ARG MODEL=resnet50
LABEL org.opencontainers.image.title="lookalike" \
      org.opencontainers.image.description="Bulk image-similarity ingestion and search" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 lookalike && useradd --uid 10001 --gid 10001 --no-create-home lookalike
COPY --from=build /opt/lookalike /opt/lookalike
COPY --from=build --chown=10001:10001 /var/lib/lookalike /var/lib/lookalike
ENV PATH=/opt/lookalike/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LOOKALIKE_HOME=/var/lib/lookalike \
    LOOKALIKE_MODEL=${MODEL} \
    # Celery leaves the running chunk in order when the container is told to stop.
    REMAP_SIGTERM=SIGQUIT
USER 10001:10001
WORKDIR /var/lib/lookalike
ENTRYPOINT ["lookalike"]
CMD ["worker"]
